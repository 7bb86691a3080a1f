//! Amounts of memory as Kubernetes writes them: `16Mi`, `64M`, `1048576`.

/// What to write instead of a text that is no amount.
pub(super) const REMEDY: &str = "is no amount of memory; write one such as 16Mi";

/// Bytes. Of Kubernetes' suffixes those that make sense for one sandbox.
pub(super) fn parse(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let scale = match suffix {
        "" => 1,
        "k" => 1_000,
        "Ki" => 1 << 10,
        "M" => 1_000_000,
        "Mi" => 1 << 20,
        "G" => 1_000_000_000,
        "Gi" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_those_of_kubernetes() {
        assert_eq!(parse("16Mi"), Some(16 << 20));
        assert_eq!(parse("64M"), Some(64_000_000));
        assert_eq!(parse("1048576"), Some(1 << 20));
        for text in [
            "",
            "Mi",
            "16MB",
            "-1Mi",
            "1.5Gi",
            "99999999999999999999",
            "16 Mi",
            "18446744073709551615Ki",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

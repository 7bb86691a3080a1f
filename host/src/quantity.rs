//! Amounts as Kubernetes writes them: `16Mi`, `64M`, `1048576`. Of its suffixes those that make sense for one sandbox.

/// The amount, if it is one.
pub(crate) fn parse(text: &str) -> Option<u64> {
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

/// As it is shown: with the largest suffix that leaves a whole number.
pub(crate) fn text(amount: u64) -> String {
    let fits = |(_, shift): &&(&str, u32)| amount > 0 && amount.is_multiple_of(1 << *shift);
    let binary = [("Gi", 30), ("Mi", 20), ("Ki", 10)];
    let (suffix, shift) = binary.iter().find(fits).unwrap_or(&("", 0));
    format!("{}{suffix}", amount >> shift)
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
            "+1",
            " 1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_amount_is_shown_as_it_would_be_written() {
        for shown in ["0", "1000", "64Ki", "16Mi", "2Gi"] {
            assert_eq!(text(parse(shown).unwrap()), shown);
        }
    }
}

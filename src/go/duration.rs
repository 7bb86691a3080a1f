//! Durations as Go's `time.ParseDuration` reads them.

use core::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not of the form `[-+]<number><unit>…`.
    Syntax,
    /// Longer than Go's 2^63-1 nanoseconds (some 292 years).
    TooLong,
    /// Zero or less.
    NotPositive,
}

/// What is wrong, and what to write instead.
impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Fault::Syntax => {
                "is no duration; write whole seconds, or a Go duration like 500ms or 1m30s"
            }
            Fault::TooLong => "is too long; the longest is 9223372036 seconds",
            Fault::NotPositive => "is not longer than zero; write 1 or more",
        })
    }
}

impl core::error::Error for Fault {}

const MAX_NANOS: u128 = i64::MAX as u128;

/// A positive duration: whole seconds (`5`, `+2`, `02`) or Go's syntax (`500ms`, `1m30s`, `1.5h`).
pub fn parse_positive(text: &str) -> Result<Duration, Fault> {
    let (negative, digits) = sign(text);
    let nanos = if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        whole(digits)?
            .checked_mul(1_000_000_000)
            .ok_or(Fault::TooLong)?
    } else {
        sum(digits)?
    };
    if nanos > MAX_NANOS {
        return Err(Fault::TooLong);
    }
    match u64::try_from(nanos) {
        Ok(nanos) if nanos > 0 && !negative => Ok(Duration::from_nanos(nanos)),
        _ => Err(Fault::NotPositive),
    }
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The sum of `<number><unit>` groups, in nanoseconds.
fn sum(mut rest: &str) -> Result<u128, Fault> {
    if rest.is_empty() {
        return Err(Fault::Syntax);
    }
    let mut total = 0;
    while !rest.is_empty() {
        let (integer, after) = split_digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => split_digits(after),
            None => ("", after),
        };
        if integer.is_empty() && fraction.is_empty() {
            return Err(Fault::Syntax);
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = unit_nanos(unit).ok_or(Fault::Syntax)?;
        let integer = if integer.is_empty() {
            0
        } else {
            whole(integer)?
        };
        total += integer.checked_mul(unit).ok_or(Fault::TooLong)? + fraction_of(fraction, unit);
        if total > MAX_NANOS {
            return Err(Fault::TooLong);
        }
        rest = after;
    }
    Ok(total)
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

fn whole(digits: &str) -> Result<u128, Fault> {
    match digits.parse::<u64>() {
        Ok(number) if number <= i64::MAX as u64 => Ok(u128::from(number)),
        _ => Err(Fault::TooLong),
    }
}

/// `0.<digits>` of a unit; what is below a nanosecond is cut off.
fn fraction_of(digits: &str, unit: u128) -> u128 {
    let mut value = 0;
    let mut scale = 1;
    // Eighteen digits are below a nanosecond even of an hour.
    for digit in digits.bytes().take(18) {
        value = value * 10 + u128::from(digit - b'0');
        scale *= 10;
    }
    value * unit / scale
}

fn unit_nanos(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_and_go_durations_are_read() {
        for (text, nanos) in [
            ("5", 5_000_000_000),
            ("+2", 2_000_000_000),
            ("02", 2_000_000_000),
            ("9223372036", 9_223_372_036_000_000_000),
            ("500ms", 500_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("1.s", 1_000_000_000),
            (".5s", 500_000_000),
            ("+1h0.25m", 3_615_000_000_000),
            ("10us", 10_000),
            ("10\u{b5}s", 10_000),
            ("10\u{3bc}s", 10_000),
            ("1ns", 1),
            ("0.3333333333333333333h", 1_200_000_000_000 - 1),
            ("9223372036854775807ns", i64::MAX as u64),
        ] {
            assert_eq!(
                parse_positive(text),
                Ok(Duration::from_nanos(nanos)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_is_told_from_what_is_too_long_or_not_positive() {
        for text in [
            "", "+", "-", "abc", " 1", "1 ", "1_0", "1e3", "0x1", "\"2\"", "5S", "1.5", ".", ".s",
            "1m 30s", "s", "--5", "\u{663}",
        ] {
            assert_eq!(parse_positive(text), Err(Fault::Syntax), "{text:?}");
        }
        for text in [
            "9223372037",
            "99999999999999999999",
            "9223372036854775808ns",
            "2562048h",
            "1h9223372036s",
        ] {
            assert_eq!(parse_positive(text), Err(Fault::TooLong), "{text}");
        }
        for text in ["0", "-1", "0s", "-5s", "0.1ns", "+0", "-0"] {
            assert_eq!(parse_positive(text), Err(Fault::NotPositive), "{text}");
        }
    }
}

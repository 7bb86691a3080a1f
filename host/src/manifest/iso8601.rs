//! Durations as Knative's `delivery` fields have them: ISO 8601, such as `PT0.05S` or `PT1M30S`.

use std::time::Duration;

/// What to write instead of a text that is no duration.
pub(super) const REMEDY: &str =
    "is no ISO 8601 duration; write one such as PT0.5S, PT10S or PT1M30S";

/// Hours, minutes and seconds, and days of 24 hours; months and years have no length of their own.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (days, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text.strip_prefix('P')?, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let seconds =
        sum(days, &[('D', 86_400.0)])? + sum(time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)])?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The units in their order, each at most once; only the last number may have a fraction.
fn sum(mut rest: &str, units: &[(char, f64)]) -> Option<f64> {
    let (mut total, mut units) = (0.0, units.iter());
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, unit) = rest.split_at(end);
        let mut letters = unit.chars();
        let unit = letters.next()?;
        rest = letters.as_str();
        let (_, scale) = units.find(|(known, _)| *known == unit)?;
        let plain = number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        if !plain || number.contains('.') && !rest.is_empty() {
            return None;
        }
        total += number.parse::<f64>().ok()? * scale;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_knative_are_read() {
        for (text, millis) in [
            ("PT0.05S", 50),
            ("PT10S", 10_000),
            ("PT1M30S", 90_000),
            ("PT1.5H", 5_400_000),
            ("P1D", 86_400_000),
            ("P1DT1S", 86_401_000),
            ("PT0S", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "", "P", "PT", "10s", "PT10", "PTS", "PT1S1M", "P1M", "PT-1S", "PT1.5M1S", "pt1s",
            "PT1S ", "PTinfS",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

//! Durations on the command line, in Go's syntax like the source's own flags.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no duration; write whole seconds, or numbers with the units ms, s, m and h, such as 1m30s"
)]
pub(crate) struct PeriodError;

/// Parses `10`, `10s`, `500ms`, `1m30s`, `1.5h`; at most a day, so that it can be added to any clock.
pub(crate) fn parse(text: &str) -> Result<Duration, PeriodError> {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()).min(LONGEST));
    }
    let (mut rest, mut seconds) = (text, 0.0);
    loop {
        let number = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or(PeriodError)?;
        let (value, unit) = rest.split_at(number);
        let end = unit
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(unit.len());
        let (unit, next) = unit.split_at(end);
        let scale = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(PeriodError),
        };
        seconds += value.parse::<f64>().map_err(|_| PeriodError)? * scale;
        if next.is_empty() {
            break;
        }
        rest = next;
    }
    Ok(Duration::try_from_secs_f64(seconds)
        .map_err(|_| PeriodError)?
        .min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_units() {
        for (text, millis) in [
            ("10", 10_000),
            ("0", 0),
            ("10s", 10_000),
            ("500ms", 500),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("99h", 86_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "1d", "1s2", ".", "1.2.3s", "1 s", "1e9s"] {
            assert_eq!(parse(text), Err(PeriodError), "{text}");
        }
    }
}

//! When a source beats: at a fixed interval, or by a cron expression in a time zone.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use chrono_tz::Tz;
use croner::parser::{CronParser, Year};
use heartbeats::go::duration::parse_positive;

use super::fields::{Fields, Node};

/// Nothing beats faster.
const SHORTEST: Duration = Duration::from_millis(10);

const REMEDY: &str = "is no schedule; write a duration from 10ms on, such as 5s or 1m30s, or a cron expression with 5 fields, \
     or 6 with seconds first, such as \"*/5 * * * *\"";

/// When a source beats.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// At once, and then each time after so long.
    Every(Duration),
    /// At the times of a cron expression.
    Cron(Arc<Cron>),
}

/// A cron expression in its time zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cron {
    pattern: croner::Cron,
    zone: Tz,
}

impl Cron {
    /// The first time after `after`, both in nanoseconds since the Unix epoch; `None` if there is none.
    pub fn next(&self, after: u64) -> Option<u64> {
        let after =
            DateTime::from_timestamp_nanos(i64::try_from(after).ok()?).with_timezone(&self.zone);
        let next = self.pattern.find_next_occurrence(&after, false).ok()?;
        u64::try_from(next.timestamp_nanos_opt()?).ok()
    }

    fn parse(text: &str, zone: Tz) -> Result<Self, String> {
        let parser = CronParser::builder().year(Year::Disallowed).build();
        let pattern = parser.parse(text).map_err(|why| {
            format!("is no cron expression: {why}; write 5 fields, or 6 with seconds first")
        })?;
        let cron = Self { pattern, zone };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        match cron.next(u64::try_from(now.as_nanos()).unwrap_or_default()) {
            Some(_) => Ok(cron),
            None => Err("never fires; choose a day that exists".to_owned()),
        }
    }
}

/// Reads the fields `schedule`, `timezone` and `startJitter`; the last one is how far first beats are spread.
pub(super) fn read(spec: &mut Fields<'_>) -> Option<(Schedule, Duration)> {
    let zone = spec.take("timezone");
    let jitter = spec.take("startJitter");
    let node = spec.required(
        "schedule",
        "write a duration such as 5s, or a cron expression",
    )?;
    let text = node.text()?;
    if !text.contains([' ', '\t', '@']) {
        if let Some(zone) = zone {
            zone.wrong("is for cron expressions; leave it out");
        }
        let every = parse_positive(text).ok().filter(|every| *every >= SHORTEST);
        if every.is_none() {
            node.refused(text, REMEDY);
        }
        let jitter = match jitter {
            Some(jitter) => duration(&jitter)?,
            None => Duration::ZERO,
        };
        return Some((Schedule::Every(every?), jitter));
    }
    if let Some(jitter) = jitter {
        jitter.wrong("spreads the first beats of intervals; with a cron expression leave it out");
    }
    let zone = match zone {
        Some(zone) => zone.parsed(
            |name| name.parse().ok(),
            "is no time zone; write a name such as Europe/Paris",
        )?,
        None => Tz::UTC,
    };
    match Cron::parse(text, zone) {
        Ok(cron) => Some((Schedule::Cron(Arc::new(cron)), Duration::ZERO)),
        Err(why) => {
            node.refused(text, &why);
            None
        }
    }
}

/// A duration in Go's syntax.
pub(super) fn duration(node: &Node<'_>) -> Option<Duration> {
    node.parsed(
        |text| parse_positive(text).ok(),
        "is no duration; write one such as 500ms, 10s or 1m30s",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(pattern: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(pattern, zone).unwrap();
        let from = DateTime::parse_from_rfc3339(from).unwrap();
        let mut at = u64::try_from(from.timestamp_nanos_opt().unwrap()).unwrap();
        let mut next = || {
            at = cron.next(at).unwrap();
            DateTime::from_timestamp_nanos(at.cast_signed())
                .format("%FT%TZ")
                .to_string()
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn five_fields_six_fields_and_names() {
        let from = "2026-01-01T00:00:30Z";
        assert_eq!(
            times("*/5 * * * *", Tz::UTC, from, 2),
            ["2026-01-01T00:05:00Z", "2026-01-01T00:10:00Z"]
        );
        assert_eq!(
            times("*/20 * * * * *", Tz::UTC, from, 2),
            ["2026-01-01T00:00:40Z", "2026-01-01T00:01:00Z"]
        );
        assert_eq!(times("@hourly", Tz::UTC, from, 1), ["2026-01-01T01:00:00Z"]);
        assert_eq!(
            times("0 9 * * MON", Tz::UTC, from, 1),
            ["2026-01-05T09:00:00Z"]
        );
    }

    #[test]
    fn a_time_that_daylight_saving_skips_still_comes_once_that_day() {
        // At 02:00 of 29 March 2026 clocks in Paris go to 03:00: 02:30 does not exist, and 01:00 UTC is 03:00.
        let times = times("30 2 * * *", Tz::Europe__Paris, "2026-03-28T00:00:00Z", 3);
        assert_eq!(
            times,
            [
                "2026-03-28T01:30:00Z",
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z"
            ]
        );
    }

    #[test]
    fn a_time_that_daylight_saving_repeats_comes_once() {
        // At 03:00 of 25 October 2026 clocks in Paris go back to 02:00: 02:30 comes twice.
        let times = times("30 2 * * *", Tz::Europe__Paris, "2026-10-24T12:00:00Z", 2);
        assert_eq!(times, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn what_never_comes_is_refused() {
        assert!(
            Cron::parse("0 0 30 2 *", Tz::UTC)
                .unwrap_err()
                .contains("never fires")
        );
        assert!(
            Cron::parse("61 * * * *", Tz::UTC)
                .unwrap_err()
                .contains("no cron expression")
        );
        assert!(
            Cron::parse("0 0 0 1 1 * 2020", Tz::UTC).is_err(),
            "years are not for heartbeats"
        );
    }
}

//! Points in time, as CloudEvents and logs write them.

use alloc::format;
use core::fmt::{Display, Formatter, Result};

/// Nanoseconds since the Unix epoch; written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From nanoseconds since the Unix epoch.
    pub fn from_unix_nanos(nanos: u64) -> Self {
        Timestamp(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    pub fn unix_nanos(self) -> u64 {
        self.0
    }

    /// From a date in UTC and a second of that day; `None` where it is out of range.
    pub fn from_date(year: u64, month: u64, day: u64, second: u64) -> Option<Self> {
        if !(1970..2554).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        // In years that start in March, leap days come last.
        let (year, month) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let days =
            365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
        let seconds = (days - EPOCH).checked_mul(86_400)?.checked_add(second)?;
        seconds.checked_mul(1_000_000_000).map(Timestamp)
    }
}

/// As Go's `RFC3339Nano`: no zeros at the end of the fraction, no fraction on a whole second. With a precision
/// (`{:.3}`), a fraction of that many digits.
impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (seconds, nanos) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = date(days);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        )?;
        let fraction = format!("{nanos:09}");
        match f.precision() {
            Some(digits) => write!(f, ".{}", &fraction[..digits.clamp(1, 9)])?,
            None if nanos > 0 => write!(f, ".{}", fraction.trim_end_matches('0'))?,
            None => {}
        }
        f.write_str("Z")
    }
}

/// The days from 0000-03-01 to 1970-01-01.
const EPOCH: u64 = 719_468;

/// Year, month and day of a day since 1970-01-01, counted in years that start in March: leap days come last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + EPOCH;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn times_are_written_as_go_writes_them() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_000_000_001, "2000-02-28T23:59:59.000000001Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
            (951_868_800_120_000_000, "2000-03-01T00:00:00.12Z"),
            (4_107_542_399_999_999_999, "2100-02-28T23:59:59.999999999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00Z"),
            (1_795_374_741_959_296_083, "2026-11-22T19:12:21.959296083Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(Timestamp(nanos).to_string(), text);
        }
        assert_eq!(
            format!("{:.3}", Timestamp(1_000_120_456_789)),
            "1970-01-01T00:16:40.120Z"
        );
    }

    #[test]
    fn every_day_of_eight_centuries_is_the_one_that_httpdate_finds() {
        for day in 0..800 * 365 {
            let text = Timestamp(0).to_string().replace("1970-01-01", &{
                let (year, month, day) = date(day);
                format!("{year:04}-{month:02}-{day:02}")
            });
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(day * 86_400);
            let http = httpdate::fmt_http_date(time);
            assert_eq!(
                (&text[8..10], &text[..4]),
                (&http[5..7], &http[12..16]),
                "{http}"
            );
        }
    }
}

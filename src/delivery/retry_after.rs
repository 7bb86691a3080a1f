//! The header `Retry-After`: RFC 9110, section 10.2.3.

use core::time::Duration;

use crate::event::Timestamp;

/// What a sink may ask for at the most.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a sink asks to wait from now, in seconds or until a date; `None` where it is neither.
pub(super) fn parse(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(
            text.parse()
                .map_or(LONGEST, Duration::from_secs)
                .min(LONGEST),
        );
    }
    let wait = http_date(text)?
        .unix_nanos()
        .saturating_sub(now.unix_nanos());
    Some(Duration::from_nanos(wait).min(LONGEST))
}

/// An HTTP date in any of the three forms of RFC 9110, section 5.6.7. The day of the week is not checked.
///
/// Our own, because the libraries for it need `std`, and with it the component is 15 % larger.
fn http_date(text: &str) -> Option<Timestamp> {
    let mut words = text
        .split([' ', '-', ','])
        .filter(|word| !word.is_empty())
        .skip(1);
    let mut word = || words.next();
    let (day, month, year, time) = match (word()?, word()?, word()?, word()?) {
        // Sun, 06 Nov 1994 08:49:37 GMT and Sunday, 06-Nov-94 08:49:37 GMT
        (day, month, year, time) if day.as_bytes()[0].is_ascii_digit() => (day, month, year, time),
        // Sun Nov  6 08:49:37 1994
        (month, day, time, year) => (day, month, year, time),
    };
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS.iter().position(|known| *known == month)? as u64 + 1;
    let year = match year.parse::<u64>().ok()? {
        // Two digits: the form is older than 1994, and no wait goes back that far.
        year @ 0..70 => 2000 + year,
        year @ 70..100 => 1900 + year,
        year => year,
    };
    let mut parts = time.split(':').map(str::parse::<u64>);
    let mut part = || parts.next()?.ok();
    let second = part()?
        .checked_mul(3600)?
        .checked_add(part()?.checked_mul(60)?)?
        .checked_add(part()?)?;
    Timestamp::from_date(year, month, day.parse().ok()?, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_obeyed_up_to_a_minute() {
        let now = Timestamp::from_unix_nanos(784_111_777_500_000_000); // Sun, 06 Nov 1994 08:49:37.5 GMT
        for (text, millis) in [
            ("0", Some(0)),
            ("1", Some(1_000)),
            (" 60 ", Some(60_000)),
            ("61", Some(60_000)),
            ("99999999999999999999999", Some(60_000)),
            ("Sun, 06 Nov 1994 08:49:40 GMT", Some(2_500)),
            ("Sun, 06 Nov 1994 08:49:30 GMT", Some(0)),
            ("Sat, 06 Nov 2094 08:49:30 GMT", Some(60_000)),
            ("Sunday, 06-Nov-94 08:49:40 GMT", Some(2_500)),
            ("Sun Nov  6 08:49:40 1994", Some(2_500)),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("Sun, 06 Nov 1994", None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 99999999999999 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 99999999999999999999:49:37 GMT", None),
        ] {
            assert_eq!(
                parse(text, now),
                millis.map(Duration::from_millis),
                "{text:?}"
            );
        }
    }

    #[test]
    fn dates_are_those_that_httpdate_writes() {
        for hour in (0..200 * 365 * 24).step_by(31) {
            let seconds = hour * 3601;
            let text =
                httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(
                http_date(&text),
                Some(Timestamp::from_unix_nanos(seconds * 1_000_000_000)),
                "{text}"
            );
        }
    }
}

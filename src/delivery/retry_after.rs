//! The header `Retry-After`: RFC 9110, section 10.2.3.

use core::time::Duration;
use std::time::UNIX_EPOCH;

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
    let date = httpdate::parse_http_date(text)
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    Some(
        date.saturating_sub(Duration::from_nanos(now.unix_nanos()))
            .min(LONGEST),
    )
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
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
        ] {
            assert_eq!(
                parse(text, now),
                millis.map(Duration::from_millis),
                "{text:?}"
            );
        }
    }
}

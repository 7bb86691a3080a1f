//! What holds of every text that is read as a duration.

use std::time::Duration;

use heartbeats::go::duration::{Fault, parse_positive};

pub(crate) fn hold(text: &str) {
    let read = parse_positive(text);
    if let Ok(duration) = read {
        assert!(!duration.is_zero(), "{text:?}");
        assert!(duration.as_nanos() <= i64::MAX as u128, "{text:?}");
        assert_eq!(parse_positive(&as_go_writes(duration)), read, "{text:?}");
    }
    if !text.starts_with(['+', '-']) {
        assert_eq!(parse_positive(&format!("+{text}")), read, "+{text:?}");
        let negative = Err(read.err().unwrap_or(Fault::NotPositive));
        assert_eq!(parse_positive(&format!("-{text}")), negative, "-{text:?}");
    }
    let whole_seconds = text.trim_start_matches(['+', '-']).bytes();
    if !whole_seconds.clone().all(|byte| byte.is_ascii_digit()) {
        agrees_with_go(text, read);
    }
}

/// `time.Duration.String`, but for its units below a second.
pub(crate) fn as_go_writes(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    format!(
        "{}h{}m{}.{nanos:09}s",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Go adds up fractions as floating-point numbers: each may be off by a nanosecond.
fn agrees_with_go(text: &str, read: Result<Duration, Fault>) {
    let tolerance = text.matches('.').count() as i128 + 1;
    let near_the_end = |nanos: i128| nanos > i64::MAX as i128 - tolerance;
    match (read, go_nanos(text)) {
        (Ok(ours), Some(gos)) => {
            let ours = ours.as_nanos() as i128;
            assert!(
                (ours - gos).abs() <= tolerance,
                "{text:?}: {ours}, Go: {gos}"
            );
        }
        (Ok(ours), None) => assert!(near_the_end(ours.as_nanos() as i128), "{text:?}: {ours:?}"),
        (Err(Fault::NotPositive), gos) => assert!(
            gos.is_some_and(|gos| gos <= tolerance),
            "{text:?}, Go: {gos:?}"
        ),
        (Err(Fault::TooLong), gos) => assert!(
            gos.is_none_or(|gos| near_the_end(gos.abs())),
            "{text:?}, Go: {gos:?}"
        ),
        (Err(Fault::Syntax), gos) => assert_eq!(gos, None, "{text:?}"),
    }
}

/// `time.ParseDuration`, line by line; `None` for its errors.
fn go_nanos(text: &str) -> Option<i128> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    const TOP: u64 = 1 << 63;
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let mut value = 0u64;
        for digit in rest[..digits].bytes() {
            value = value
                .checked_mul(10)?
                .checked_add(u64::from(digit - b'0'))?;
            if value > TOP {
                return None;
            }
        }
        let before_point = digits > 0;
        rest = &rest[digits..];
        let (mut fraction, mut scale, mut after_point) = (0u64, 1f64, false);
        if let Some(after) = rest.strip_prefix('.') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let mut overflow = false;
            for digit in after[..digits].bytes() {
                let more = fraction
                    .checked_mul(10)
                    .and_then(|more| more.checked_add(u64::from(digit - b'0')))
                    .filter(|more| *more <= TOP);
                match more {
                    Some(more) if !overflow => (fraction, scale) = (more, scale * 10.0),
                    _ => overflow = true,
                }
            }
            after_point = digits > 0;
            rest = &after[digits..];
        }
        if !before_point && !after_point {
            return None;
        }
        let end = rest
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(rest.len());
        let unit: u64 = match &rest[..end] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        rest = &rest[end..];
        value = value.checked_mul(unit).filter(|value| *value <= TOP)?;
        value += (fraction as f64 * (unit as f64 / scale)) as u64;
        total = total.checked_add(value).filter(|total| *total <= TOP)?;
    }
    match negative {
        true => Some(-i128::from(total)),
        false => (total < TOP).then_some(i128::from(total)),
    }
}

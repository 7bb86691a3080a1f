//! Foreign text on one line: what others wrote must not forge or flood a log.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

/// At most `max` characters in double quotes, with control characters, quotes and backslashes escaped.
pub fn quote(text: &str, max: usize) -> String {
    format!("\"{}\"", escaped(text, max, &['"', '\\']))
}

/// At most `max` characters without quotes round them, with control characters escaped.
pub fn one_line(text: &str, max: usize) -> String {
    escaped(text, max, &[])
}

fn escaped(text: &str, max: usize, also: &[char]) -> String {
    let mut escaped = String::with_capacity(text.len().min(max));
    for (at, c) in text.chars().enumerate() {
        if at == max {
            escaped.push('…');
            break;
        }
        match c {
            c if also.contains(&c) => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            // Line ends that some viewers obey, and marks that turn the direction of text.
            c if c.is_control()
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                escaped.extend(c.escape_unicode());
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A duration in seconds, as in `0.2s` or `90s`.
pub fn seconds(duration: Duration) -> String {
    let fraction = format!("{:09}", duration.subsec_nanos());
    match fraction.trim_end_matches('0') {
        "" => format!("{}s", duration.as_secs()),
        fraction => format!("{}.{fraction}s", duration.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_on_one_line_and_short() {
        for (text, quoted) in [
            ("", r#""""#),
            ("a \"b\" \\", r#""a \"b\" \\""#),
            ("a\nb\r\tc\u{1b}[31m", r#""a\nb\r\tc\u{1b}[31…""#),
            ("\u{2028}\u{202e}\u{85}", r#""\u{2028}\u{202e}\u{85}""#),
            ("0123456789", r#""0123456789""#),
            ("0123456789a", r#""0123456789…""#),
            ("éééééééééé", r#""éééééééééé""#),
        ] {
            assert_eq!(quote(text, 10), quoted, "{text:?}");
        }
    }

    #[test]
    fn durations_are_written_in_seconds() {
        for (nanos, text) in [
            (5_000_000_000, "5s"),
            (200_000_000, "0.2s"),
            (90_000_000_001, "90.000000001s"),
            (0, "0s"),
        ] {
            assert_eq!(seconds(Duration::from_nanos(nanos)), text);
        }
    }
}

//! Foreign text on one line: what others wrote must not forge or flood a log.

/// At most `max` characters in double quotes, with control characters, quotes and backslashes escaped.
pub fn quote(text: &str, max: usize) -> String {
    let mut quoted = String::with_capacity(text.len().min(max) + 2);
    quoted.push('"');
    for (at, c) in text.chars().enumerate() {
        if at == max {
            quoted.push('…');
            break;
        }
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Line ends that some viewers obey, and marks that turn the direction of text.
            c if c.is_control()
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                quoted.extend(c.escape_unicode());
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quote;

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
}

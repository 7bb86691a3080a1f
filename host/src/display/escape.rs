//! Foreign text on a terminal.

/// The text with everything made visible that could move the cursor, change colours or reorder the line.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || reorders(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Unicode's line and paragraph separators, and its controls of the direction of writing.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_terminal_sequence_gets_through() {
        assert_eq!(
            escape("a\x1b[31mb\r\n\u{9b}2J\u{7f}"),
            "a\\u{1b}[31mb\\r\\n\\u{9b}2J\\u{7f}"
        );
        assert_eq!(escape("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(escape("ünï – ♥ \"q\" \\"), "ünï – ♥ \"q\" \\");
    }
}

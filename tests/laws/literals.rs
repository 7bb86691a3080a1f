//! What holds of every text that is read as a Go string literal, and of every text that is written as one.

use heartbeats::go::unquote::unquote;

pub(crate) fn hold(text: &str) {
    if let Some(value) = unquote(text) {
        assert!(
            text.len() >= 2 && text.starts_with('"') && text.ends_with('"'),
            "{text:?}"
        );
        assert!(!text.contains('\n'), "{text:?}");
        // A `\xff`, four bytes, becomes three.
        assert!(value.len() <= text.len(), "{text:?}");
        comes_back(&value);
    }
    comes_back(text);
}

/// However Go may write a value, it is read back.
fn comes_back(value: &str) {
    for write in [as_it_is, by_code_point, by_byte, by_octal_byte] {
        let literal = format!("\"{}\"", write(value));
        assert_eq!(unquote(&literal).as_deref(), Some(value), "{literal}");
    }
}

/// All that a literal may hold as it is, so.
fn as_it_is(value: &str) -> String {
    let mut literal = String::new();
    for c in value.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            '\n' => literal += "\\n",
            c => literal.push(c),
        }
    }
    literal
}

fn by_code_point(value: &str) -> String {
    let code = |c: char| match u32::from(c) {
        short @ 0..=0xffff => format!("\\u{short:04x}"),
        long => format!("\\U{long:08X}"),
    };
    value.chars().map(code).collect()
}

fn by_byte(value: &str) -> String {
    value.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

fn by_octal_byte(value: &str) -> String {
    value.bytes().map(|byte| format!("\\{byte:03o}")).collect()
}

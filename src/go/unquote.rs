//! Quoted labels as Go's `strconv.Unquote` reads them.

use alloc::string::String;
use alloc::vec::Vec;
/// The text inside a double-quoted Go string literal; `None` where it is none.
///
/// A byte that is no UTF-8 (`"\xff"`) becomes U+FFFD, each one of them, as in the original's JSON.
pub fn unquote(literal: &str) -> Option<String> {
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\n' => return None,
            '\\' => escape(&mut chars, &mut bytes)?,
            c => push(&mut bytes, c),
        }
    }
    Some(utf8_with_replacements(&bytes))
}

fn escape(chars: &mut core::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let c = chars.next()?;
    bytes.push(match c {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '"' => c as u8,
        'x' => u8::try_from(number(chars, 0, 2, 16)?).ok()?,
        '0'..='7' => u8::try_from(number(chars, c.to_digit(8)?, 2, 8)?).ok()?,
        'u' | 'U' => {
            let digits = if c == 'u' { 4 } else { 8 };
            push(bytes, char::from_u32(number(chars, 0, digits, 16)?)?);
            return Some(());
        }
        _ => return None,
    });
    Some(())
}

/// `start`, followed by exactly so many more digits.
fn number(chars: &mut core::str::Chars<'_>, start: u32, digits: usize, radix: u32) -> Option<u32> {
    (0..digits).try_fold(start, |value, _| {
        value
            .checked_mul(radix)?
            .checked_add(chars.next()?.to_digit(radix)?)
    })
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// One U+FFFD for each bad byte, as Go decodes; `String::from_utf8_lossy` writes one for a run of them.
fn utf8_with_replacements(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn every_go_escape_is_read() {
        for (literal, text) in [
            (r#""""#, ""),
            (r#""hello world""#, "hello world"),
            (r#""a\tb\nc\\d\"e""#, "a\tb\nc\\d\"e"),
            (r#""\u00e9\U0001F600""#, "é😀"),
            (r#""\x41\x42\101""#, "ABA"),
            (r#""\a\b\f\v\x00\x7f""#, "\u{7}\u{8}\u{c}\u{b}\u{0}\u{7f}"),
            (r#""\xc3\xa9""#, "é"),
            (r#""\xff\xe2\x82""#, "\u{fffd}\u{fffd}\u{fffd}"),
            ("\"a\tb`c'\"", "a\tb`c'"),
            ("\"héllo 🎉\"", "héllo 🎉"),
        ] {
            assert_eq!(unquote(literal).as_deref(), Some(text), "{literal}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for literal in [
            "\"",
            "",
            "abc",
            "\"abc",
            "\"a\"b\"",
            "\"a\" ",
            r#""\q""#,
            r#""\'""#,
            r#""\ud800""#,
            r#""\U00110000""#,
            r#""\UFFFFFFFF""#,
            r#""\x4""#,
            r#""\x""#,
            r#""\400""#,
            r#""\08""#,
            r#""\""#,
            r#""\x+1""#,
            "\"a\nb\"",
        ] {
            assert_eq!(unquote(literal), None, "{literal:?}");
        }
    }
}

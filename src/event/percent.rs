//! Attribute values in HTTP headers: CloudEvents HTTP binding 1.0.2, section 3.1.3.2.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// A value as a header carries it: space, `"`, `%` and everything outside U+0021–U+007E as percent-encoded UTF-8.
pub fn encode(value: &str) -> String {
    let is_kept = |byte| matches!(byte, 0x21..=0x7e) && byte != b'"' && byte != b'%';
    // Most values are.
    if value.bytes().all(is_kept) {
        return value.to_owned();
    }
    let mut header = String::with_capacity(value.len());
    for byte in value.bytes() {
        if is_kept(byte) {
            header.push(char::from(byte));
        } else {
            push(&mut header, byte);
        }
    }
    header
}

/// The value that a header carries, by decoding once. What is no percent-encoding stays as it is, as the binding asks
/// of a receiver.
pub fn decode(header: &str) -> String {
    let mut bytes = Vec::with_capacity(header.len());
    let mut rest = header.as_bytes();
    while let [byte, after @ ..] = rest {
        let encoded = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        (rest, _) = match encoded {
            Some((high, low)) => (&rest[3..], bytes.push(high << 4 | low)),
            None => (after, bytes.push(*byte)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Appends `%XX`, in upper case.
pub(crate) fn push(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.push('%');
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// The value of a hexadecimal digit.
pub(crate) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn values_are_encoded_as_the_http_binding_asks() {
        for (value, header) in [
            ("", ""),
            ("abc~!@#$^&*()[]{}|\\'<>,;=", "abc~!@#$^&*()[]{}|\\'<>,;="),
            ("a b", "a%20b"),
            (" a\t", "%20a%09"),
            ("100%", "100%25"),
            ("a%20b", "a%2520b"),
            ("a\"b", "a%22b"),
            ("é💓", "%C3%A9%F0%9F%92%93"),
            ("\u{7f}\u{80}", "%7F%C2%80"),
        ] {
            assert_eq!(encode(value), header, "{value:?}");
            assert_eq!(decode(header), value, "{header:?}");
        }
    }

    #[test]
    fn decoding_takes_what_other_senders_write() {
        for (header, value) in [
            ("é", "é"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%c3%A9", "é"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decode(header), value, "{header:?}");
        }
    }
}

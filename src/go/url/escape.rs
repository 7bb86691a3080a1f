//! Percent-encoding by the rules that Go has for each part of a URL.

use super::Fault;
use crate::event::percent::{hex, push};
use alloc::string::String;
use alloc::vec::Vec;

/// The parts that differ in what they must encode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    UserInfo,
    Host,
    Path,
    Fragment,
}

/// Every byte that the part may not hold as it is becomes `%XX`.
pub(super) fn escape(bytes: &[u8], part: Part) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        // Go keeps a lone `*` as a path; no sink or source depends on more than that.
        if must_escape(byte, part) && bytes != b"*" {
            push(&mut text, byte);
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

/// The bytes that a part stands for.
pub(super) fn unescape(text: &str, part: Part) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            if part == Part::Host && byte.is_ascii() && must_escape(*byte, part) {
                return Err(Fault::HostCharacter);
            }
            bytes.push(*byte);
            continue;
        }
        let [high, low, after @ ..] = after else {
            return Err(Fault::Escape);
        };
        let byte = hex(*high)
            .zip(hex(*low))
            .map(|(high, low)| high << 4 | low)
            .ok_or(Fault::Escape)?;
        // In a host only bytes beyond ASCII may be encoded, and the percent sign before a zone.
        if part == Part::Host && byte.is_ascii() && byte != b'%' {
            return Err(Fault::Escape);
        }
        bytes.push(byte);
        rest = after;
    }
    Ok(bytes)
}

/// Whether a part can stay as it was written.
pub(super) fn is_encoded(text: &str, part: Part) -> bool {
    text.bytes().all(|byte| {
        !must_escape(byte, part)
            || matches!(
                byte,
                b'!' | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
                    | b':'
                    | b'@'
                    | b'['
                    | b']'
                    | b'%'
            )
    })
}

fn must_escape(byte: u8, part: Part) -> bool {
    let kept = match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => true,
        b'$' | b'&' | b'+' | b',' | b';' | b'=' => true,
        b':' => part != Part::UserInfo,
        b'/' | b'@' => matches!(part, Part::Path | Part::Fragment),
        b'!' | b'(' | b')' | b'*' => matches!(part, Part::Host | Part::Fragment),
        b'?' => part == Part::Fragment,
        b'\'' | b'[' | b']' | b'<' | b'>' | b'"' => part == Part::Host,
        _ => false,
    };
    !kept
}

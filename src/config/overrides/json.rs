//! The JSON of `K_CE_OVERRIDES`, with the freedoms that Go's `encoding/json` takes.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Formatter, Result as Formatted};
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON value as far as it matters here.
pub(super) enum Value<Members = Ignored> {
    /// `null`
    Null,
    /// A string.
    Text(String),
    /// An object.
    Object(Members),
    /// Something else: what.
    Other(&'static str),
}

/// The members of `extensions`, in the order in which they are first written; an error says where and why, and never
/// what stands there.
pub(super) fn parse(text: &str) -> Result<Vec<(String, Value)>, String> {
    let document: Value<Document> = serde_json::from_str(&go_strings(text)?).map_err(|error| {
        format!(
            "is not JSON (line {}, column {})",
            error.line(),
            error.column()
        )
    })?;
    match document {
        Value::Null => Ok(Vec::new()),
        Value::Object(Document(extensions)) => {
            extensions.map_err(|kind| format!("has {kind} for its extensions"))
        }
        Value::Text(_) => Err("is a string".to_owned()),
        Value::Other(kind) => Err(format!("is {kind}")),
    }
}

/// The deepest nesting that Go reads.
const MAX_DEPTH: usize = 10_000;

/// The text with what Go takes and serde_json does not: an escaped surrogate without its partner becomes `\ufffd`.
/// Refuses what is nested too deeply.
fn go_strings(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut depth) = (false, 0usize);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\\' if in_string => match surrogates(rest) {
                Some(paired) if !paired => {
                    out.push_str("\\ufffd");
                    rest = &rest[6..];
                    continue;
                }
                Some(_) => 12,
                None => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            },
            '"' => {
                in_string = !in_string;
                1
            }
            '[' | '{' if !in_string => {
                depth += 1;
                1
            }
            ']' | '}' if !in_string => {
                depth = depth.saturating_sub(1);
                1
            }
            c => c.len_utf8(),
        };
        if depth > MAX_DEPTH {
            return Err(format!("is nested more than {MAX_DEPTH} levels deep"));
        }
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Ok(out)
}

/// Whether a text starts with the escape of a surrogate, and if so, whether its partner follows.
fn surrogates(text: &str) -> Option<bool> {
    match unit(text)? {
        0xd800..=0xdbff => Some(matches!(unit(&text[6..]), Some(0xdc00..=0xdfff))),
        0xdc00..=0xdfff => Some(false),
        _ => None,
    }
}

/// The number of a `\uXXXX`.
fn unit(text: &str) -> Option<u16> {
    let digits = text
        .strip_prefix("\\u")?
        .get(..4)
        .filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

/// What an object is read into.
pub(super) trait Members: Sized {
    /// Reads all members.
    fn read<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

/// Members that do not matter.
pub(super) struct Ignored;

impl Members for Ignored {
    fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Ignored)
    }
}

/// The members of `extensions`.
struct Extensions(Vec<(String, Value)>);

impl Members for Extensions {
    fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Extensions(members))
    }
}

/// The extensions of all members of that name, merged; or what one of them is instead.
struct Document(Result<Vec<(String, Value)>, &'static str>);

impl Members for Document {
    fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut merged: Vec<(String, Value)> = Vec::new();
        let mut wrong = None;
        while let Some(key) = map.next_key::<String>()? {
            if !is_extensions(&key) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            match map.next_value::<Value<Extensions>>()? {
                Value::Null => merged.clear(),
                Value::Object(Extensions(extensions)) => {
                    extensions.into_iter().for_each(|(name, value)| {
                        match merged.iter_mut().find(|(known, _)| *known == name) {
                            Some((_, known)) => *known = value,
                            None => merged.push((name, value)),
                        }
                    })
                }
                Value::Text(_) => wrong = Some("a string"),
                Value::Other(kind) => wrong = Some(kind),
            }
        }
        Ok(Document(wrong.map_or(Ok(merged), Err)))
    }
}

/// Go finds a field in any case, by Unicode's simple folding: that includes the long s.
fn is_extensions(key: &str) -> bool {
    let plain = |c: char| {
        if c == '\u{17f}' {
            's'
        } else {
            c.to_ascii_lowercase()
        }
    };
    key.chars().map(plain).eq("extensions".chars())
}

impl<'de, M: Members> Deserialize<'de> for Value<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<M>(PhantomData<M>);

impl<'de, M: Members> Visitor<'de> for Any<M> {
    type Value = Value<M>;

    fn expecting(&self, f: &mut Formatter<'_>) -> Formatted {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        M::read(map).map(Value::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Other("an array"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Other("a boolean"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Value::Other("a number"))
    }
}

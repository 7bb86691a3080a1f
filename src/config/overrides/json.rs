//! The JSON of `K_CE_OVERRIDES`, with the freedoms that Go's `encoding/json` takes.

use core::fmt::{Formatter, Result as Formatted};

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The value of an extension.
pub(super) enum Value {
    /// A string; `null` is an empty one.
    Text(String),
    /// Something else; what.
    Other(&'static str),
}

/// The members of `extensions`, in the order in which they are first written; an error says where and why, and never
/// what stands there.
pub(super) fn parse(text: &str) -> Result<Vec<(String, Value)>, String> {
    let text = go_strings(text)?;
    let document: Document = serde_json::from_str(&text).map_err(|error| {
        let what = if error.is_data() {
            "has another form than Knative gives"
        } else {
            "is not JSON"
        };
        format!("{what} (line {}, column {})", error.line(), error.column())
    })?;
    Ok(document.0)
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

struct Document(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Document;

            fn expecting(&self, f: &mut Formatter<'_>) -> Formatted {
                f.write_str("an object")
            }

            fn visit_unit<E: Error>(self) -> Result<Document, E> {
                Ok(Document(Vec::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let mut merged: Vec<(String, Value)> = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if !is_extensions(&key) {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let Some(Extensions(extensions)) = map.next_value()? else {
                        merged.clear();
                        continue;
                    };
                    for (name, value) in extensions {
                        match merged.iter_mut().find(|(known, _)| *known == name) {
                            Some((_, known)) => *known = value,
                            None => merged.push((name, value)),
                        }
                    }
                }
                Ok(Document(merged))
            }
        }
        deserializer.deserialize_any(Members)
    }
}

/// Go finds a field in any case, by Unicode's simple folding: that includes the long s.
fn is_extensions(key: &str) -> bool {
    key.replace('\u{17f}', "s")
        .eq_ignore_ascii_case("extensions")
}

struct Extensions(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Extensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Extensions;

            fn expecting(&self, f: &mut Formatter<'_>) -> Formatted {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Extensions, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Extensions(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut Formatter<'_>) -> Formatted {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }

            fn visit_unit<E: Error>(self) -> Result<Value, E> {
                Ok(Value::Text(String::new()))
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Value, E> {
                Ok(Value::Other("a boolean"))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
                Ok(Value::Other("a number"))
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Value, E> {
                Ok(Value::Other("a number"))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
                Ok(Value::Other("a number"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Value::Other("an array"))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Value::Other("an object"))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

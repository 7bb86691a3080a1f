//! The CloudEvents HTTP binding 1.0.2, for a sender.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Event, Extension, percent};

/// How an event is written into a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Attributes in `ce-*` headers, the payload as the body (section 3.1).
    Binary,
    /// Everything in one JSON object (section 3.2).
    Structured,
}

/// The headers, `content-length` among them, and the body of a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Names in lower case, values in visible ASCII and inner spaces.
    pub headers: Vec<(String, String)>,
    /// JSON.
    pub body: Vec<u8>,
}

const SPECVERSION: &str = "1.0";
const DATA_CONTENT_TYPE: &str = "application/json";

impl Message {
    /// Writes an event.
    pub fn new(event: &Event<'_>, mode: Mode) -> Message {
        let (mut headers, body) = match mode {
            Mode::Binary => (binary_headers(event), json(&event.data)),
            Mode::Structured => (
                vec![(
                    "content-type".to_owned(),
                    "application/cloudevents+json; charset=utf-8".to_owned(),
                )],
                json(&Structured(event)),
            ),
        };
        headers.push(("content-length".to_owned(), body.len().to_string()));
        Message { headers, body }
    }
}

/// The JSON of strings, numbers and Booleans under string keys, which can always be written.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn binary_headers(event: &Event<'_>) -> Vec<(String, String)> {
    let attributes = [
        ("id", event.id),
        ("source", &event.attributes.source),
        ("specversion", SPECVERSION),
        ("time", &event.time.to_string()),
        ("type", &event.attributes.event_type),
    ]
    .map(|(name, value)| (header(name), percent::encode(value)));
    let extensions = event.attributes.extensions.iter().map(|(name, value)| {
        let value = match value {
            Extension::Text(text) => percent::encode(text),
            Extension::Integer(number) => number.to_string(),
            Extension::Boolean(truth) => truth.to_string(),
        };
        (header(name), value)
    });
    let content_type = ("content-type".to_owned(), DATA_CONTENT_TYPE.to_owned());
    attributes
        .into_iter()
        .chain(extensions)
        .chain([content_type])
        .collect()
}

/// An attribute's header. Not by `format!`, which takes longer than all the rest of it.
fn header(attribute: &str) -> String {
    let mut name = "ce-".to_owned();
    name.push_str(attribute);
    name
}

/// The JSON format 1.0.2, with JSON data inline.
struct Structured<'a>(&'a Event<'a>);

impl Serialize for Structured<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", SPECVERSION)?;
        map.serialize_entry("id", event.id)?;
        map.serialize_entry("source", &event.attributes.source)?;
        map.serialize_entry("type", &event.attributes.event_type)?;
        map.serialize_entry("time", &event.time.to_string())?;
        map.serialize_entry("datacontenttype", DATA_CONTENT_TYPE)?;
        for (name, value) in &event.attributes.extensions {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("data", &event.data)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Attributes, Data, Timestamp};

    fn message(mode: Mode) -> Message {
        let attributes = Attributes {
            source: "/a%41\u{e9}".to_owned(),
            event_type: "t t".to_owned(),
            extensions: vec![
                ("the".to_owned(), Extension::Integer(42)),
                ("beats".to_owned(), Extension::Boolean(true)),
                ("team".to_owned(), Extension::Text(" \"b\" ".to_owned())),
            ],
        };
        let data = Data {
            sequence: 7,
            label: "<\u{e9}\n>",
            msg: "",
        };
        let event = Event {
            id: "1-2",
            time: Timestamp::from_unix_nanos(1_500_000_000),
            attributes: &attributes,
            data,
        };
        Message::new(&event, mode)
    }

    #[test]
    fn binary_mode_has_attributes_in_headers() {
        let message = message(Mode::Binary);
        let body = "{\"id\":7,\"label\":\"<\u{e9}\\n>\"}";
        assert_eq!(message.body, body.as_bytes());
        let headers = [
            ("ce-id", "1-2"),
            ("ce-source", "/a%2541%C3%A9"),
            ("ce-specversion", "1.0"),
            ("ce-time", "1970-01-01T00:00:01.5Z"),
            ("ce-type", "t%20t"),
            ("ce-the", "42"),
            ("ce-beats", "true"),
            ("ce-team", "%20%22b%22%20"),
            ("content-type", "application/json"),
            ("content-length", &body.len().to_string()),
        ];
        assert_eq!(
            message.headers,
            headers.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn structured_mode_has_everything_in_one_object() {
        let message = message(Mode::Structured);
        let json = r#"{"specversion":"1.0","id":"1-2","source":"/a%41é","type":"t t","time":"1970-01-01T00:00:01.5Z","datacontenttype":"application/json","the":42,"beats":true,"team":" \"b\" ","data":{"id":7,"label":"<é\n>"}}"#;
        assert_eq!(String::from_utf8(message.body).unwrap(), json);
        assert_eq!(
            message.headers[0].1,
            "application/cloudevents+json; charset=utf-8"
        );
        assert_eq!(
            message.headers[1],
            ("content-length".to_owned(), json.len().to_string())
        );
        assert_eq!(message.headers.len(), 2);
    }
}

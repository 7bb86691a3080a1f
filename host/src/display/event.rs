//! A CloudEvent as the display sees it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::NoEvent;

/// The attributes that every event has (CloudEvents 1.0.2, required attributes).
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

/// A CloudEvent.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Context attributes and extensions. The required ones are there and not empty.
    attributes: BTreeMap<String, Value>,
    /// The payload.
    pub data: Data,
}

/// An event's payload.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// There is none.
    None,
    /// JSON.
    Json(Value),
    /// Other text.
    Text(String),
    /// Bytes, in base64.
    Base64(String),
}

impl Event {
    /// An event, if these attributes make one.
    pub fn new(attributes: BTreeMap<String, Value>, data: Data) -> Result<Self, NoEvent> {
        for name in attributes.keys() {
            if name.is_empty()
                || !name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            {
                return Err(NoEvent::Name(name.clone()));
            }
        }
        for name in REQUIRED {
            match attributes.get(name) {
                Some(Value::String(value)) if !value.is_empty() => {}
                _ => return Err(NoEvent::Missing(name)),
            }
        }
        let event = Self { attributes, data };
        match event.text("specversion").split_once('.') {
            Some(("1", _)) => Ok(event),
            _ => Err(NoEvent::Version(event.text("specversion").to_owned())),
        }
    }

    /// An attribute's value; empty where it is no string or not there.
    pub fn text(&self, name: &str) -> &str {
        self.attributes
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The attributes beyond the required ones and the content type, by name.
    pub fn others(&self) -> impl Iterator<Item = (&str, &Value)> {
        let shown = |name: &str| REQUIRED.contains(&name) || name == "datacontenttype";
        self.attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value))
            .filter(move |(name, _)| !shown(name))
    }

    /// The event in structured mode.
    pub fn into_json(self) -> Value {
        let mut members: Map<String, Value> = self.attributes.into_iter().collect();
        let (name, value) = match self.data {
            Data::None => return members.into(),
            Data::Json(value) => ("data", value),
            Data::Text(text) => ("data", text.into()),
            Data::Base64(text) => ("data_base64", text.into()),
        };
        members.insert(name.to_owned(), value);
        members.into()
    }
}

//! Requests to events, by the CloudEvents HTTP binding 1.0.2 and the JSON format.

mod base64;

use std::collections::BTreeMap;

use heartbeats::event::percent;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::{Data, Event};

/// Why a request holds no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoEvent {
    /// Neither mode.
    #[error(
        "no CloudEvent: there is neither a ce-specversion header nor the content type application/cloudevents+json"
    )]
    Neither,
    /// A CloudEvents format that the display does not read.
    #[error("the event format {0:?} is not supported; use application/cloudevents+json")]
    Format(String),
    /// A required attribute.
    #[error("the attribute {0} is missing, empty or no string")]
    Missing(&'static str),
    /// An attribute's name.
    #[error("{0:?} is no attribute name; only a-z and 0-9 are allowed")]
    Name(String),
    /// The specification's version.
    #[error("specversion {0:?} is not supported; use 1.0")]
    Version(String),
    /// A header value.
    #[error("the header {0} is given more than once or is no UTF-8")]
    Header(String),
    /// Structured mode.
    #[error("the body is no event in JSON: {0}")]
    Json(String),
}

/// The events in one request.
pub(super) fn decode(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Event>, NoEvent> {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match media_type(content_type).as_str() {
        "application/cloudevents+json" => Ok(vec![structured(json(body)?)?]),
        "application/cloudevents-batch+json" => match json(body)? {
            Value::Array(events) => events.into_iter().map(structured).collect(),
            _ => Err(NoEvent::Json("a batch is an array".into())),
        },
        other if other.starts_with("application/cloudevents") => {
            Err(NoEvent::Format(other.to_owned()))
        }
        _ if headers.contains_key("ce-specversion") => {
            Ok(vec![binary(headers, content_type, body)?])
        }
        _ => Err(NoEvent::Neither),
    }
}

fn binary(headers: &HeaderMap, content_type: &str, body: &[u8]) -> Result<Event, NoEvent> {
    let mut attributes = BTreeMap::new();
    for name in headers.keys() {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else {
            continue;
        };
        let mut values = headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(NoEvent::Header(name.to_string()));
        };
        let value =
            std::str::from_utf8(value.as_bytes()).map_err(|_| NoEvent::Header(name.to_string()))?;
        attributes.insert(attribute.to_owned(), Value::String(percent::decode(value)));
    }
    if !content_type.is_empty() {
        attributes.insert("datacontenttype".to_owned(), content_type.into());
    }
    Event::new(attributes, payload(content_type, body))
}

/// A payload that is not what its content type says is shown as it is: judging it is not a display's business.
fn payload(content_type: &str, body: &[u8]) -> Data {
    if body.is_empty() {
        return Data::None;
    }
    if is_json(content_type)
        && let Ok(value) = serde_json::from_slice(body)
    {
        return Data::Json(value);
    }
    match std::str::from_utf8(body) {
        Ok(text) => Data::Text(text.to_owned()),
        Err(_) => Data::Base64(base64::encode(body)),
    }
}

fn structured(event: Value) -> Result<Event, NoEvent> {
    let Value::Object(mut members) = event else {
        return Err(NoEvent::Json("an event is an object".into()));
    };
    let data = match (members.remove("data"), members.remove("data_base64")) {
        (Some(_), Some(_)) => {
            return Err(NoEvent::Json("there is both data and data_base64".into()));
        }
        (None, Some(Value::String(text))) => Data::Base64(text),
        (None, Some(_)) => return Err(NoEvent::Json("data_base64 is no string".into())),
        (Some(value), None) => structured_data(&members, value),
        (None, None) => Data::None,
    };
    // A member that is null is as good as absent (JSON format, 2.2).
    let attributes = members
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect();
    Event::new(attributes, data)
}

fn structured_data(members: &Map<String, Value>, value: Value) -> Data {
    match (
        members.get("datacontenttype").and_then(Value::as_str),
        value,
    ) {
        (Some(content_type), Value::String(text)) if !is_json(content_type) => Data::Text(text),
        (_, value) => Data::Json(value),
    }
}

fn json(body: &[u8]) -> Result<Value, NoEvent> {
    serde_json::from_slice(body).map_err(|error| NoEvent::Json(error.to_string()))
}

fn is_json(content_type: &str) -> bool {
    let media_type = media_type(content_type);
    media_type.ends_with("/json") || media_type.ends_with("+json")
}

/// Without parameters, in lower case.
fn media_type(content_type: &str) -> String {
    content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests;

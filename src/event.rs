//! A CloudEvent, and how it is written into an HTTP request.

use alloc::string::String;
use alloc::vec::Vec;
mod message;
pub mod percent;
mod timestamp;

use serde::Serialize;

pub use message::{Message, Mode};
pub use timestamp::Timestamp;

/// The attributes that CloudEvents 1.0 defines: no extension may have such a name.
pub const ATTRIBUTES: [&str; 8] = [
    "id",
    "source",
    "specversion",
    "type",
    "datacontenttype",
    "dataschema",
    "subject",
    "time",
];

/// One heartbeat.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The attribute `id`: the same on every attempt.
    pub id: &'a str,
    /// The attribute `time`: the same on every attempt.
    pub time: Timestamp,
    /// What all events of a source have in common.
    pub attributes: &'a Attributes,
    /// The payload.
    pub data: Data<'a>,
}

/// What all events of a source have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The attribute `source`, a URI reference.
    pub source: String,
    /// The attribute `type`.
    pub event_type: String,
    /// Extensions by their names, which are lower-case letters and digits.
    pub extensions: Vec<(String, Extension)>,
}

/// The value of an extension, in the types of CloudEvents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Extension {
    /// A String.
    Text(String),
    /// An Integer.
    Integer(i32),
    /// A Boolean.
    Boolean(bool),
}

/// The payload, as JSON in this order.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Data<'a> {
    /// The beat's number, from 1. Not the attribute `id`.
    #[serde(rename = "id")]
    pub sequence: u64,
    /// The setting `--label`.
    pub label: &'a str,
    /// The setting `--msg`.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub msg: &'a str,
}

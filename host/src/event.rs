//! The event that a request carries, as far as the host looks at it: what tells it from others.

mod structured;

use http::{HeaderMap, HeaderValue};

pub(crate) use structured::look_into;

/// Attributes of a CloudEvent, in the form that they have in a header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// `id`.
    pub id: Option<HeaderValue>,
    /// `source`.
    pub source: Option<HeaderValue>,
    /// `type`.
    pub r#type: Option<HeaderValue>,
}

impl Event {
    /// As the headers of binary mode tell it.
    pub fn of(headers: &HeaderMap) -> Self {
        let value = |name| headers.get(name).cloned();
        Self {
            id: value("ce-id"),
            source: value("ce-source"),
            r#type: value("ce-type"),
        }
    }
}

use std::time::Instant;

use serde_json::Value;

/// A request as a sink read it: nothing is normalised, folded or decoded.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// In the order and the case in which they came.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// When its last byte came.
    pub(crate) at: Instant,
    /// The sink's connections are numbered from 1.
    pub(crate) connection: usize,
    /// Whether the sink told the source that it took the event.
    pub(crate) taken: bool,
}

impl Request {
    /// All values of a header, of which there should be one.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let named = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// The only value of a header, if it is there.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut values = self.all(name);
        assert!(values.len() < 2, "{name} came more than once: {values:?}");
        values.pop()
    }

    pub(crate) fn id(&self) -> String {
        self.header("ce-id")
            .unwrap_or_else(|| panic!("no ce-id in {self:?}"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// The payload's `id`: which beat of its source this is.
    pub(crate) fn sequence(&self) -> u64 {
        self.json()["id"]
            .as_u64()
            .expect("the payload's id is a number")
    }
}

//! Where events go.

use heartbeats::config::{self, Origin};

use super::fields::Node;

/// A sink. Its URL may hold a password and is never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sink {
    /// The URL.
    pub uri: Box<str>,
}

impl Sink {
    /// The scheme, host and port. `None` only for a URL that no manifest can have.
    pub fn origin(&self) -> Option<Origin> {
        self.parsed().map(|sink| sink.origin)
    }

    /// The URL without its user information and query.
    pub fn shown(&self) -> String {
        self.parsed().map(|sink| sink.shown).unwrap_or_default()
    }

    fn parsed(&self) -> Option<config::Sink> {
        config::sink(&[], &|name| {
            (name == "K_SINK").then(|| self.uri.to_string())
        })
    }

    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        let mut fields = node.fields()?;
        let uri = fields.required("uri", "write a URL such as http://sink.example:8080/");
        fields.end();
        let uri = uri?;
        let sink = Self {
            uri: uri.text()?.trim().into(),
        };
        if sink.origin().is_none() {
            uri.wrong("is no URL of a sink; write one such as http://sink.example:8080/, with http or https");
            return None;
        }
        Some(sink)
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        for (uri, shown) in [
            ("http://u:secret@h/a/b?key=secret", "http://h/a/b?…"),
            ("https://[::1]:8443", "https://[::1]:8443/"),
        ] {
            assert_eq!(Sink { uri: uri.into() }.shown(), shown);
        }
    }
}

//! Where events go, in the words of Knative's Destination.

use std::sync::Arc;

use heartbeats::config::{self, Origin};

use super::audience::Audience;
use super::fields::Node;
use crate::client::check_pem;

/// A sink. Its URL may hold a password and is never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sink {
    /// The URL.
    pub uri: Box<str>,
    /// Authorities, PEM text, that are trusted for this sink besides those that the process trusts.
    pub ca_certs: Option<Arc<str>>,
    /// Whom the token has to be for that the sink is shown.
    pub audience: Option<Audience>,
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
        let ca_certs = fields.take("CACerts").map(ca_certs);
        let audience_node = fields.take("audience");
        let audience = audience_node.as_ref().map(audience);
        fields.end();
        let uri = uri?;
        let sink = Self {
            uri: uri.text()?.trim().into(),
            ca_certs: ca_certs.unwrap_or(Some(None))?,
            audience: audience.unwrap_or(Some(None))?,
        };
        let Some(parsed) = sink.parsed() else {
            uri.wrong("is no URL of a sink; write one such as http://sink.example:8080/, with http or https");
            return None;
        };
        if let Some(node) = audience_node.filter(|_| sink.audience.is_some())
            && parsed.authorization.is_some()
        {
            node.wrong("stands beside a URL with user information, and a request can carry only one of both; remove one");
        }
        Some(sink)
    }
}

/// Nothing, as Knative writes it, is the same as no field.
fn ca_certs(node: Node<'_>) -> Option<Option<Arc<str>>> {
    let text = node.text()?;
    if text.trim().is_empty() {
        return Some(None);
    }
    match check_pem(text.as_bytes()) {
        Ok(()) => Some(Some(text.into())),
        Err(error) => {
            node.wrong(error.to_string());
            None
        }
    }
}

fn audience(node: &Node<'_>) -> Option<Option<Audience>> {
    if node.text()?.is_empty() {
        return Some(None);
    }
    node.parsed(Audience::parse, Audience::REMEDY).map(Some)
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
            let sink = Sink {
                uri: uri.into(),
                ca_certs: None,
                audience: None,
            };
            assert_eq!(sink.shown(), shown);
        }
    }
}

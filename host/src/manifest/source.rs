//! One document.

use std::fmt;

use super::fields::{Fields, Node};
use super::settings::Settings;
use super::{API_VERSION, KIND};

/// Where a source is without a namespace.
const NAMESPACE: &str = "default";

/// A source as its document describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub key: Key,
    /// The line in its file where its document begins.
    pub line: usize,
    /// What it does.
    pub settings: Settings,
    /// Whether it rests.
    pub suspend: bool,
}

/// The name of a source: there is one of each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The tenant.
    pub namespace: Box<str>,
    /// The name in the namespace.
    pub name: Box<str>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl Source {
    pub(super) fn read(node: Node<'_>) -> Option<Self> {
        let line = node.line();
        let mut document = node.fields()?;
        constant(&mut document, "apiVersion", API_VERSION);
        constant(&mut document, "kind", KIND);
        let key = document
            .required("metadata", "write {name: …, namespace: …}")
            .and_then(key);
        let settings = document
            .required("spec", "write {sink: …, schedule: …}")
            .and_then(Settings::read);
        document.end();
        let (settings, suspend) = settings?;
        Some(Self {
            key: key?,
            line,
            settings,
            suspend,
        })
    }
}

fn constant(document: &mut Fields<'_>, name: &'static str, expected: &str) {
    let remedy = format!("write {expected}");
    if let Some(node) = document.required(name, &remedy) {
        let parse = |text: &str| (text == expected).then_some(());
        node.parsed(parse, &format!("is not what is read here; {remedy}"));
    }
}

fn key(node: Node<'_>) -> Option<Key> {
    let mut fields = node.fields()?;
    let name = fields.required("name", "write a name of letters, digits and hyphens");
    let namespace = fields.take("namespace");
    // They are for other tools, and may hold anything.
    for free in ["labels", "annotations"] {
        if let Some(free) = fields.take(free) {
            for (_, value) in free.entries()? {
                value.text();
            }
        }
    }
    fields.end();
    let remedy = "is no name; write lower-case letters, digits and hyphens";
    let namespace =
        namespace.map(|node| node.parsed(|text| is_label(text).then(|| text.into()), remedy));
    let name = name?.parsed(
        |text| (text.len() <= 253 && text.split('.').all(is_label)).then(|| text.into()),
        "is no name; write lower-case letters, digits, hyphens and dots",
    );
    Some(Key {
        namespace: namespace.unwrap_or_else(|| Some(NAMESPACE.into()))?,
        name: name?,
    })
}

/// By RFC 1123, as Kubernetes has it.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests;

//! What holds of every text that is read as `K_CE_OVERRIDES`.

use heartbeats::config::{Config, Problems, Start};
use heartbeats::event::{ATTRIBUTES, Extension};
use serde_json::Value;

pub(crate) fn hold(text: &str) {
    let read = extensions(text);
    if let Ok(extensions) = &read {
        for (at, (name, value)) in extensions.iter().enumerate() {
            assert!(
                !name.is_empty()
                    && name
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{name:?}"
            );
            assert!(!ATTRIBUTES.contains(&name.as_str()), "{name}");
            assert!(
                extensions[..at].iter().all(|(other, _)| other != name),
                "{name} twice"
            );
            if let Extension::Text(value) = value {
                assert!(
                    !value.contains(|c: char| c.is_ascii_control() && c != '\t'),
                    "{value:?}"
                );
            }
        }
    }
    if let Some(plain) = plain(text) {
        let read = read.unwrap_or_else(|problems| panic!("{text}: {problems}"));
        for (name, value) in plain {
            let value = Extension::Text(value);
            assert!(read.contains(&(name, value)), "{text}: {read:?}");
        }
    }
}

/// The extensions of all events with these overrides.
pub(crate) fn extensions(text: &str) -> Result<Vec<(String, Extension)>, Problems> {
    let env = |name: &str| match name {
        "K_CE_OVERRIDES" => Some(text.to_owned()),
        "K_SINK" => Some("http://sink/".to_owned()),
        _ => None,
    };
    match Config::read(&["--eventSource=/x".to_owned()], &env)? {
        Start::Run(config) => Ok(config.attributes.extensions),
        Start::Help => unreachable!("nobody asked for help"),
    }
}

/// What there is no doubt about: one `extensions`, of good names, with good values.
fn plain(text: &str) -> Option<Vec<(String, String)>> {
    let Value::Object(document) = serde_json::from_str(text).ok()? else {
        return None;
    };
    // Twice the same key, an escaped key, or one in another case has rules of its own.
    let folded = text.to_lowercase();
    if folded.matches("exten").count() != 1 || text.contains(['\\', '\u{17f}']) {
        return None;
    }
    let mut plain: Vec<(String, String)> = Vec::new();
    for (name, value) in document.get("extensions")?.as_object()? {
        let good = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && !ATTRIBUTES.contains(&name.as_str());
        let value = value
            .as_str()
            .filter(|value| !value.contains(|c: char| c.is_ascii_control()))?;
        if !good {
            return None;
        }
        plain.push((name.clone(), value.to_owned()));
    }
    // A key that stands there twice is an object's only once.
    let keys = text.matches("\":").count() + text.matches("\" ").count();
    (keys <= plain.len() + document.len()).then_some(plain)
}

//! Events as the official CloudEvents SDKs read them, in both modes.

mod python;
mod rust;

use std::collections::BTreeMap;

use crate::support::{Request, Sink, Source};

/// An event's attributes and extensions as text, and its data.
#[derive(Debug, PartialEq, serde::Deserialize)]
struct Decoded {
    attributes: BTreeMap<String, String>,
    data: serde_json::Value,
}

/// A value that decodes to something else when it is decoded not at all, or twice.
const TRICKY: &str = "héartbeat 💓 100%25 \"quoted\" %F0";

#[test]
fn the_sdk_for_rust_reads_events_in_both_modes() {
    for mode in ["binary", "structured"] {
        let request = beat(mode);
        assert_eq!(
            rust::decode(&request),
            expected(&request, mode),
            "{mode}: {request:#?}"
        );
    }
}

#[test]
fn the_sdk_for_python_reads_events_in_both_modes() {
    let requests = ["binary", "structured"].map(beat);
    let decoded = python::decode(&requests);
    for ((mode, request), decoded) in ["binary", "structured"]
        .into_iter()
        .zip(&requests)
        .zip(decoded)
    {
        assert_eq!(decoded, expected(request, mode), "{mode}: {request:#?}");
    }
}

#[test]
fn structured_mode_is_one_json_object_and_no_ce_headers() {
    let request = beat("structured");

    assert_eq!(
        request.header("content-type").unwrap(),
        "application/cloudevents+json; charset=utf-8"
    );
    assert_eq!(
        request.header("content-length").unwrap(),
        request.body.len().to_string()
    );
    assert!(
        request
            .headers
            .iter()
            .all(|(name, _)| !name.to_ascii_lowercase().starts_with("ce-")),
        "{request:#?}"
    );
    assert_eq!(request.json()["specversion"], "1.0");
}

fn beat(mode: &str) -> Request {
    let overrides = serde_json::json!({"extensions": {"tricky": TRICKY, "team": "blue"}});
    let sink = Sink::answering(202);
    Source::beating_to(&sink)
        .one_shot()
        .set("K_CE_OVERRIDES", overrides.to_string())
        .flag(format!("--mode={mode}"))
        .flag(format!("--eventType={TRICKY}"))
        .flag(format!("--label={TRICKY}"))
        .flag("--eventSource=/tests/é")
        .run()
        .succeeded();
    sink.requests().remove(0)
}

fn expected(request: &Request, mode: &str) -> Decoded {
    let (id, time) = match mode {
        "binary" => (request.id(), request.header("ce-time").unwrap()),
        _ => (text(&request.json()["id"]), text(&request.json()["time"])),
    };
    let attributes = [
        ("specversion", "1.0"),
        ("id", &id),
        ("time", &time),
        ("type", TRICKY),
        ("datacontenttype", "application/json"),
        ("the", "42"),
        ("heart", "yes"),
        ("beats", "true"),
        ("tricky", TRICKY),
        ("team", "blue"),
        // As Go writes a URL.
        ("source", "/tests/%C3%A9"),
    ];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), instant(name, value)));
    Decoded {
        attributes: attributes.into(),
        data: serde_json::json!({"id": 1, "label": TRICKY}),
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Times to the microsecond: Python keeps no more.
fn instant(name: &str, value: &str) -> String {
    if name != "time" {
        return value.to_owned();
    }
    let (seconds, fraction) = value
        .trim_end_matches('Z')
        .split_once('.')
        .unwrap_or((value.trim_end_matches('Z'), ""));
    format!("{seconds}.{:0<6.6}Z", fraction)
}

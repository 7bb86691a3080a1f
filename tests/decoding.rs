//! Events as the official CloudEvents SDKs read them, in both modes.

mod sdk;

use std::collections::BTreeMap;
use std::process::Command;

use crate::support::{Request, Sink, Source};

/// An event's attributes and extensions as text, and its data.
#[derive(Debug, PartialEq, serde::Deserialize)]
struct Decoded {
    attributes: BTreeMap<String, String>,
    data: serde_json::Value,
}

/// A value that decodes to something else when it is decoded not at all, or twice.
const TRICKY: &str = "héartbeat 💓 100%25 \"quoted\" %F0";

const MODES: [&str; 2] = ["binary", "structured"];

#[test]
fn the_sdk_for_rust_reads_events_in_both_modes() {
    reads_events_in_both_modes(sdk::rust());
}

#[test]
fn the_sdk_for_python_reads_events_in_both_modes() {
    reads_events_in_both_modes(sdk::python_sdk());
}

fn reads_events_in_both_modes(sdk: Command) {
    let requests = MODES.map(beat);
    let decoded = sdk::decode(sdk, &requests);
    assert_eq!(decoded.len(), requests.len());
    for ((mode, request), mut decoded) in MODES.into_iter().zip(&requests).zip(decoded) {
        if let Some(time) = decoded.attributes.get_mut("time") {
            *time = to_the_microsecond(time);
        }
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
        ("time", &to_the_microsecond(&time)),
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
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Decoded {
        attributes: attributes.into(),
        data: serde_json::json!({"id": 1, "label": TRICKY}),
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Python keeps no more of a time.
fn to_the_microsecond(time: &str) -> String {
    let time = time.strip_suffix('Z').expect("in UTC");
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    format!("{seconds}.{fraction:0<6.6}Z")
}

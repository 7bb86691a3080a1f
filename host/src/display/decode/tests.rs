use super::*;

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(
            *name,
            http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    headers
}

const MINIMAL: [(&str, &str); 4] = [
    ("ce-specversion", "1.0"),
    ("ce-id", "1"),
    ("ce-source", "s"),
    ("ce-type", "t"),
];

fn binary_with(more: &[(&'static str, &'static str)], body: &[u8]) -> Result<Value, NoEvent> {
    let fields: Vec<_> = MINIMAL.iter().chain(more).copied().collect();
    decode(&headers(&fields), body).map(|mut events| events.remove(0).into_json())
}

fn structured_with(content_type: &'static str, body: &str) -> Result<Vec<Value>, NoEvent> {
    let events = decode(&headers(&[("content-type", content_type)]), body.as_bytes())?;
    Ok(events.into_iter().map(Event::into_json).collect())
}

#[test]
fn binary_mode_keeps_attributes_and_data() {
    let json = binary_with(
        &[("ce-heart", "yes"), ("content-type", "application/json")],
        br#"{"id":1}"#,
    )
    .unwrap();
    let expected = serde_json::json!({
        "specversion": "1.0", "id": "1", "source": "s", "type": "t", "heart": "yes",
        "datacontenttype": "application/json", "data": {"id": 1}
    });
    assert_eq!(json, expected);
}

#[test]
fn binary_data_is_what_it_is_rather_than_what_it_claims() {
    let data = |content_type, body: &[u8]| {
        let json = binary_with(&[("content-type", content_type)], body).unwrap();
        json.get("data").or(json.get("data_base64")).cloned()
    };
    assert_eq!(data("text/plain", b"hi"), Some("hi".into()));
    assert_eq!(
        data("application/vnd.x+json; charset=utf-8", b"[1]"),
        Some(serde_json::json!([1]))
    );
    assert_eq!(data("application/json", b"{broken"), Some("{broken".into()));
    assert_eq!(data("application/json", &[0xff]), Some("/w==".into()));
    assert_eq!(data("application/json", b""), None);
}

#[test]
fn structured_mode_and_batches() {
    let event =
        r#"{"specversion":"1.0","id":"1","source":"s","type":"t","the":42,"gone":null,"data":"x"}"#;
    let events = structured_with("application/cloudevents+json; charset=utf-8", event).unwrap();
    assert_eq!(events[0]["the"], 42);
    assert_eq!(events[0]["data"], "x");
    assert!(events[0].get("gone").is_none());
    let batch = format!("[{event},{event}]");
    assert_eq!(
        structured_with("Application/CloudEvents-Batch+JSON", &batch)
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        structured_with("application/cloudevents-batch+json", "[]")
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn what_is_no_event_is_refused_with_its_reason() {
    let bare = |fields: &[(&'static str, &'static str)], body: &str| {
        decode(&headers(fields), body.as_bytes())
            .unwrap_err()
            .to_string()
    };
    let structured = |body: &str| bare(&[("content-type", "application/cloudevents+json")], body);
    for (reason, expected) in [
        (bare(&[], ""), "neither a ce-specversion header nor"),
        (bare(&MINIMAL[..3], ""), "attribute type is missing"),
        (
            bare(
                &[
                    ("ce-specversion", "0.3"),
                    ("ce-id", "1"),
                    ("ce-source", "s"),
                    ("ce-type", "t"),
                ],
                "",
            ),
            "specversion \"0.3\"",
        ),
        (
            binary_with(&[("ce-id", "2")], b"").unwrap_err().to_string(),
            "header ce-id is given more than once",
        ),
        (
            binary_with(&[("ce-a-b", "2")], b"")
                .unwrap_err()
                .to_string(),
            "\"a-b\" is no attribute name",
        ),
        (
            bare(&[("content-type", "application/cloudevents+avro")], ""),
            "format \"application/cloudevents+avro\"",
        ),
        (structured("{"), "no event in JSON: EOF"),
        (structured("[]"), "an event is an object"),
        (
            structured(r#"{"specversion":"1.0","id":"","source":"s","type":"t"}"#),
            "attribute id is missing, empty",
        ),
        (
            structured(r#"{"specversion":"1.0","id":7,"source":"s","type":"t"}"#),
            "attribute id is missing, empty or no string",
        ),
        (
            structured(r#"{"data":1,"data_base64":"AA=="}"#),
            "both data and data_base64",
        ),
    ] {
        assert!(reason.contains(expected), "{reason} / {expected}");
    }
}

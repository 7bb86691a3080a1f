//! What holds of every event, written into a request: nothing unprintable in a header, and decoding once gives the value.

use heartbeats::event::percent::{decode, encode};
use heartbeats::event::{Attributes, Data, Event, Extension, Message, Mode, Timestamp};
use serde_json::Value;

pub(crate) fn hold(value: &str) {
    let header = encode(value);
    assert!(
        header
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"'),
        "{value:?}: {header:?}"
    );
    assert_eq!(decode(&header), value, "{header:?}");
    // What comes from elsewhere may be encoded badly.
    assert!(decode(value).len() <= 3 * value.len(), "{value:?}");
}

/// Of an event whose every attribute is foreign text.
pub(crate) fn hold_in_an_event(
    id: &str,
    source: &str,
    event_type: &str,
    extension: &str,
    data: &str,
) {
    [id, source, event_type, extension]
        .into_iter()
        .for_each(hold);
    let attributes = Attributes {
        source: source.to_owned(),
        event_type: event_type.to_owned(),
        extensions: vec![("team".to_owned(), Extension::Text(extension.to_owned()))],
    };
    let event = Event {
        id,
        time: Timestamp::from_unix_nanos(0),
        attributes: &attributes,
        data: Data {
            sequence: 1,
            label: data,
            msg: data,
        },
    };
    let attributes = [
        ("id", id),
        ("source", source),
        ("type", event_type),
        ("team", extension),
    ];

    let binary = Message::new(&event, Mode::Binary);
    all_can_be_sent(&binary);
    for (name, value) in attributes {
        let header = header(&binary, &format!("ce-{name}"));
        assert_eq!(decode(header), value, "{name}");
    }
    let body: Value = serde_json::from_slice(&binary.body).unwrap();
    assert_eq!(body["label"], data);

    let structured = Message::new(&event, Mode::Structured);
    all_can_be_sent(&structured);
    let body: Value = serde_json::from_slice(&structured.body).unwrap();
    for (name, value) in attributes {
        assert_eq!(body[name], value, "{name}");
    }
    assert_eq!(body["data"]["label"], data);
}

fn all_can_be_sent(message: &Message) {
    for (name, value) in &message.headers {
        assert!(
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{name:?}"
        );
        assert!(
            value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && value.trim() == value,
            "{name}: {value:?}"
        );
    }
    assert_eq!(
        header(message, "content-length"),
        message.body.len().to_string()
    );
}

fn header<'a>(message: &'a Message, name: &str) -> &'a str {
    let mut values = message.headers.iter().filter(|(known, _)| known == name);
    let (_, value) = values.next().unwrap();
    assert!(values.next().is_none(), "{name} stands there twice");
    value
}

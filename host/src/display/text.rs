//! Events for people: when, what and whence on the first line, the other attributes on the second, the data on the third.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::escape::escape;
use super::{Data, Event};

/// Characters of data that are shown.
const SHOWN: usize = 2000;
/// As wide as a time, so that all lines of an event begin below its type.
const INDENT: &str = "              ";

/// The lines of one event, received at `received`.
pub(super) fn render(event: &Event, received: SystemTime, colour: bool) -> String {
    let paint = |code: &str, text: &str| {
        if colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    };
    let (dim, bold) = ("2", "1;36");
    let mut text = format!(
        "{}  {}  {}\n{INDENT}{} {}",
        paint(dim, &clock(received)),
        paint(bold, &escape(event.text("type"))),
        escape(event.text("source")),
        paint(dim, "id"),
        escape(event.text("id")),
    );
    for (name, value) in event.others() {
        // Writing to a string does not fail.
        let _ = write!(text, "  {} {}", paint(dim, name), escape(&plain(value)));
    }
    if let Some(data) = data(&event.data) {
        let _ = write!(text, "\n{INDENT}{}", shortened(&data));
    }
    text.push('\n');
    text
}

/// Strings without quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn data(data: &Data) -> Option<String> {
    match data {
        Data::None => None,
        Data::Json(value) => Some(value.to_string()),
        Data::Text(text) => Some(text.clone()),
        Data::Base64(text) => Some(format!("base64 {text}")),
    }
}

fn shortened(data: &str) -> String {
    match data.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} … ({} bytes)", escape(&data[..end]), data.len()),
        None => escape(data),
    }
}

/// The time of day in UTC.
fn clock(time: SystemTime) -> String {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let (seconds, millis) = (since.as_secs(), since.subsec_millis());
    format!(
        "{:02}:{:02}:{:02}.{millis:03}",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn event(attributes: &[(&str, &str)], data: Data) -> Event {
        let required = [
            ("specversion", "1.0"),
            ("id", "1"),
            ("source", "/s"),
            ("type", "t"),
        ];
        let attributes: BTreeMap<_, _> = required
            .iter()
            .chain(attributes)
            .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
            .collect();
        Event::new(attributes, data).unwrap()
    }

    fn noon() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(86_400_000 * 20_000 + 43_200_007)
    }

    #[test]
    fn the_lines_are_aligned() {
        let event = event(
            &[("heart", "yes"), ("datacontenttype", "application/json")],
            Data::Json(serde_json::json!({"id": 1})),
        );
        let expected =
            "12:00:00.007  t  /s\n              id 1  heart yes\n              {\"id\":1}\n";
        assert_eq!(render(&event, noon(), false), expected);
    }

    #[test]
    fn colours_come_only_from_the_display() {
        let hostile = event(
            &[("x", "\x1b[2J")],
            Data::Text("\x1b]0;title\x07\nnext".into()),
        );
        assert!(!render(&hostile, noon(), false).contains('\x1b'));
        assert_eq!(
            render(&hostile, noon(), true).matches('\x1b').count(),
            2 * 4
        );
        assert_eq!(render(&hostile, noon(), false).lines().count(), 3);
    }

    #[test]
    fn long_data_is_shortened() {
        let text = render(
            &event(&[], Data::Text("ä".repeat(SHOWN + 1))),
            noon(),
            false,
        );
        assert!(text.ends_with(&format!("ä … ({} bytes)\n", 2 * (SHOWN + 1))));
    }
}

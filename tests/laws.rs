//! Laws of what comes from outside, tried on random texts. `fuzz/` searches for texts that break the same laws.

mod answers;
mod durations;
mod headers;
mod literals;
mod overrides;
mod settings;

use std::collections::BTreeMap;
use std::time::Duration;

use heartbeats::event::Extension;
use heartbeats::go::duration::parse_positive;
use heartbeats::go::flag::{Item, read};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// Any text, and texts of the characters that settings are made of: pure chance seldom finds those.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[-+=/:@%#?.\"\\\\{}a-f0-9 é\n]{0,40}"]
}

fn duration_text() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        "[-+]?([0-9]{0,20}(\\.[0-9]{0,20})?(ns|us|µs|μs|ms|s|m|h|d|)){0,3}"
    ]
}

fn sink() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        "(http|https|HTTP|ftp):(//)?([a-z:%0-9]{0,9}@)?([a-zA-Z0-9.%é-]{0,9}|\\[[0-9a-f:]{0,9}\\])(:[0-9]{0,6})?(/[ -~é]{0,9})?"
    ]
}

fn argument() -> impl Strategy<Value = String> {
    let name = "-{0,3}(count|eventSource|eventType|label|log-format|mode|msg|period|retries|sink|timeout|help|[ -~é]{0,5})";
    prop_oneof![
        text(),
        name,
        (
            name,
            prop_oneof![
                sink(),
                duration_text(),
                "(binary|structured|json|text|[0-9]{0,3})"
            ]
        )
            .prop_map(|(name, value)| format!("{name}={value}")),
    ]
}

/// What an override's value may be: all but control characters.
fn value() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace(|c: char| c.is_ascii_control(), ""))
}

fn extensions() -> impl Strategy<Value = BTreeMap<String, String>> {
    // With this letter in front no name is one of CloudEvents' own.
    btree_map("q[a-z0-9]{0,20}", value(), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn durations_are_read_as_go_reads_them(text in duration_text()) {
        durations::hold(&text);
    }

    #[test]
    fn a_duration_that_go_writes_is_read_back(nanos in 1..=i64::MAX as u64) {
        let duration = Duration::from_nanos(nanos);
        prop_assert_eq!(parse_positive(&durations::as_go_writes(duration)), Ok(duration));
    }

    #[test]
    fn whole_seconds_are_read_back(seconds in 1..=9_223_372_036_u64) {
        prop_assert_eq!(parse_positive(&seconds.to_string()), Ok(Duration::from_secs(seconds)));
    }

    #[test]
    fn a_literal_that_go_writes_is_read_back(text in text()) {
        literals::hold(&text);
    }

    #[test]
    fn broken_literals_do_no_harm(inner in "[\\\\abfnrtvxuU0-9\"'é\n]{0,20}") {
        literals::hold(&format!("\"{inner}\""));
    }

    #[test]
    fn decoding_a_header_once_gives_the_value(value in text()) {
        headers::hold(&value);
    }

    #[test]
    fn nothing_unprintable_reaches_a_header(id in text(), source in text(), kind in text(), extension in text(), data in text()) {
        headers::hold_in_an_event(&id, &source, &kind, &extension, &data);
    }

    #[test]
    fn overrides_never_make_an_event_that_cannot_be_sent(text in text()) {
        overrides::hold(&text);
        overrides::hold(&format!("{{\"extensions\":{{{text}}}}}"));
    }

    #[test]
    fn overrides_that_knative_writes_reach_the_event(extensions in extensions()) {
        let json = serde_json::json!({ "extensions": extensions }).to_string();
        overrides::hold(&json);
        let read = overrides::extensions(&json).unwrap();
        for (name, value) in extensions {
            prop_assert!(read.contains(&(name.clone(), Extension::Text(value))), "{name} of {json}");
        }
    }

    #[test]
    fn settings_make_a_request_that_can_be_sent_or_an_error_on_one_line(
        args in vec(argument(), 0..4),
        sink in option::of(sink()),
        pod in option::of(text()),
        namespace in option::of("[a-z]{0,3}"),
        one_shot in option::of("(true|False|[01]|.{0,3})"),
        overrides in option::of(text()),
    ) {
        settings::hold(&args, &[sink, pod, namespace, one_shot, overrides]);
    }

    #[test]
    fn flags_are_the_same_in_every_form(flags in vec((prop_oneof!["label", "period"], text(), 0..4), 0..6)) {
        let mut args = Vec::new();
        for (name, value, form) in &flags {
            match form {
                0 => args.push(format!("--{name}={value}")),
                1 => args.push(format!("-{name}={value}")),
                2 => args.extend([format!("--{name}"), value.clone()]),
                _ => args.extend([format!("-{name}"), value.clone()]),
            }
        }
        let items: Vec<_> = flags.iter().map(|(name, value, _)| Item::Flag(name, value)).collect();
        prop_assert_eq!(read(&args, &["label", "period"]), items);
    }

    #[test]
    fn an_answer_delays_no_longer_than_a_minute_and_is_quoted_on_one_line(
        status in prop_oneof![200..600_u16, any::<u16>()],
        retry_after in option::of(prop_oneof![text(), "-?[0-9]{1,30}", "Sun, [0-9]{1,3} (Nov|Foo) [0-9]{1,20} [0-9:]{0,12} GMT"]),
        body in text(),
        now in any::<u64>(),
        random in any::<u64>(),
    ) {
        answers::hold(status, retry_after, body, now, random);
    }
}

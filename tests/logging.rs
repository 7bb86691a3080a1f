//! The log on stderr.

use crate::support::{Answer, Sink, Source, json_lines, lines_with};

#[test]
fn a_beat_sent_is_told_on_one_line_with_its_id() {
    let sink = Sink::answering(202);

    let ended = Source::beating_to(&sink)
        .flags(["--count=3", "--period=10ms"])
        .run()
        .succeeded();

    for beat in sink.requests() {
        assert_eq!(
            lines_with(&ended.stderr, &beat.id()).len(),
            1,
            "{}",
            ended.stderr
        );
    }
    assert_eq!(ended.stdout, "", "stdout is not for the log");
}

#[test]
fn machines_read_the_log_as_json_lines() {
    let refusal = "no\nsuch\t\"thing\" \u{7}";
    let sink = Sink::script([202.into(), Answer::with_body(400, refusal), 202.into()]);

    let ended = Source::beating_to(&sink)
        .flags(["--count=3", "--period=10ms", "--log-format=json"])
        .run();

    let entries = json_lines(&ended.stderr);
    for entry in &entries {
        for field in ["timestamp", "level", "message"] {
            assert!(entry[field].is_string(), "{field} in {entry}");
        }
        let time = entry["timestamp"].as_str().unwrap();
        assert!(time.ends_with('Z'), "{entry}");
    }
    for beat in sink.requests() {
        let told = entries
            .iter()
            .filter(|entry| entry["id"] == beat.id())
            .count();
        assert_eq!(told, 1, "{} in {entries:#?}", beat.id());
    }
    let refused = sink.requests()[1].id();
    let levels: Vec<_> = entries
        .iter()
        .filter(|entry| entry["id"] == refused)
        .map(|entry| &entry["level"])
        .collect();
    let usual = entries
        .iter()
        .find(|entry| entry["id"] != refused && entry["id"].is_string())
        .map(|entry| &entry["level"]);
    assert_ne!(levels.first().copied(), usual, "a beat given up stands out");
}

#[test]
fn settings_that_are_wrong_are_told_as_json_too() {
    let ended = Source::in_host()
        .flags(["--log-format=json", "--period=0"])
        .run()
        .failed();

    assert!(!json_lines(&ended.stderr).is_empty());
}

//! Retries, time-outs, and what is done about a beat that cannot be delivered.

use std::time::{Duration, SystemTime};

use crate::support::{Answer, Request, Sink, Source, lines_with};

#[test]
fn a_retry_sends_the_same_event_again() {
    let sink = Sink::script([
        503.into(),
        Answer::Rst,
        Answer::Close,
        429.into(),
        202.into(),
    ]);

    Source::beating_to(&sink).one_shot().run().succeeded();

    let attempts = sink.requests();
    let same = |name: &str| {
        attempts
            .iter()
            .all(|attempt| attempt.header(name) == attempts[0].header(name))
    };
    assert_eq!(attempts.len(), 5);
    assert!(same("ce-id") && same("ce-time"), "{attempts:#?}");
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.body == attempts[0].body),
        "{attempts:#?}"
    );
}

#[test]
fn a_sink_that_comes_up_late_gets_the_first_beat() {
    let sink = Sink::refusing([202.into()]);
    let source = Source::beating_to(&sink).one_shot().start();
    std::thread::sleep(Duration::from_millis(400));

    sink.open();

    source.wait().succeeded();
    assert_eq!(sink.requests()[0].sequence(), 1);
}

#[test]
fn a_sink_that_never_answers_costs_one_time_out_and_not_the_heart() {
    for sink in [Sink::answering(Answer::Silence), Sink::deaf()] {
        let source = Source::beating_to(&sink)
            .flags(["--timeout=300ms", "--retries=0", "--period=200ms"])
            .start();

        source.wait_for_stderr("attempts=1", 2);
        // Each beat opens a connection of its own, since the one before is still busy.
        sink.wait_for_connections(3);
    }
}

#[test]
fn beats_go_on_after_one_that_was_never_answered() {
    let sink = Sink::script([Answer::Silence, 202.into()]);
    let _source = Source::beating_to(&sink)
        .flags(["--timeout=300ms", "--retries=0", "--period=200ms"])
        .start();

    let beats = sink.wait_for(3);

    assert_eq!(
        beats.iter().map(Request::sequence).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let waited = beats[1].at - beats[0].at;
    assert!(
        waited >= Duration::from_millis(290),
        "the time-out came after {waited:?}"
    );
    assert!(
        waited < Duration::from_secs(3),
        "the time-out came after {waited:?}"
    );
}

#[test]
fn retry_after_in_seconds_is_obeyed() {
    let sink = Sink::script([Answer::with_header(503, "Retry-After", "1"), 202.into()]);

    Source::beating_to(&sink).one_shot().run().succeeded();

    let attempts = sink.requests();
    let waited = attempts[1].at - attempts[0].at;
    assert!(waited >= Duration::from_millis(990), "waited {waited:?}");
}

#[test]
fn retry_after_as_a_date_is_obeyed() {
    // A date has no fraction of a second.
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3));
    let sink = Sink::script([Answer::with_header(503, "Retry-After", &date), 202.into()]);

    Source::beating_to(&sink).one_shot().run().succeeded();

    let ago = sink.requests()[1].at.elapsed();
    let early = httpdate::parse_http_date(&date)
        .unwrap()
        .duration_since(SystemTime::now() - ago);
    assert!(
        early.is_err()
            || early
                .clone()
                .is_ok_and(|early| early < Duration::from_millis(10)),
        "{date}: {early:?} early"
    );
}

#[test]
fn a_beat_given_up_is_told_on_one_line() {
    let forged = "2026-01-01T00:00:00Z sent a beat\r\n\u{1b}[31mline\u{2028}".repeat(2000);
    let sink = Sink::answering(Answer::with_body(
        503,
        &format!("overloaded today\n{forged}"),
    ));

    let ended = Source::beating_to(&sink)
        .one_shot()
        .flag("--retries=2")
        .run()
        .failed();

    let id = sink.requests()[0].id();
    let lines = lines_with(&ended.stderr, &id);
    let [line] = lines[..] else {
        panic!("one line with {id}: {lines:#?}")
    };
    for part in ["503", "overloaded today", "sequence=1", "attempts=3"] {
        assert!(line.contains(part), "{part:?} in {line:?}");
    }
    assert!(line.len() < 1000, "{} bytes: {line}", line.len());
    assert!(
        !ended.output().contains('\u{1b}'),
        "a sink has no say over the terminal"
    );
    assert!(
        !ended
            .stderr
            .lines()
            .any(|line| line.starts_with("2026-01-01T00:00:00Z")),
        "a sink forges no log line"
    );
}

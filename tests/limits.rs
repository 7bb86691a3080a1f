//! Every limit of the sandbox: it holds, and what is said names it.

use std::time::{Duration, Instant};

use crate::support::{Answer, Sink, Source, guests, lines_with};

#[test]
fn a_source_that_runs_into_a_limit_is_stopped_and_told_which() {
    for limit in [
        "memory=64Ki",
        "memories=0",
        "tables=0",
        "table-elements=1",
        "instances=1",
        "handles=2",
        "host-call=8",
        "headers=64",
        "wall=300ms",
    ] {
        let sink = Sink::answering(202);

        let ended = limited(&sink, limit).run().failed();

        let told = lines_with(&ended.stderr, "was stopped");
        assert_eq!(told.len(), 1, "{limit}: {ended:#?}");
        assert!(
            told[0].contains(&format!("the limit {limit} was hit")),
            "{told:?}"
        );
        assert!(told[0].contains("--limit"), "{told:?}");
    }
}

#[test]
fn a_request_that_runs_into_a_limit_fails_and_is_told_which() {
    let body = "x".repeat(2000);
    for (limit, status) in [
        ("requests=0", 202),
        ("request-body=5", 202),
        ("answer-body=100", 400),
    ] {
        let sink = Sink::answering(Answer::with_body(status, &body));

        let ended = limited(&sink, limit)
            .one_shot()
            .flag("--retries=0")
            .run()
            .failed();

        let told = lines_with(&ended.stderr, &format!("the limit {limit} was hit"));
        assert_eq!(told.len(), 1, "{limit}: {ended:#?}");
        assert_eq!(sink.requests().len(), usize::from(status == 400), "{limit}");
    }
}

#[test]
fn a_guest_that_only_computes_is_stopped() {
    let sink = Sink::answering(202);
    let start = Instant::now();

    let ended = limited(&sink, "cpu=200ms")
        .component(guests::egress())
        .flag("spin")
        .run()
        .failed();

    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(
        lines_with(&ended.stderr, "the limit cpu=200ms was hit").len(),
        1,
        "{ended:#?}"
    );
}

#[test]
fn a_guest_that_waits_inside_a_call_to_the_host_is_stopped_by_the_wall_clock() {
    let never_whole = Answer::Drip {
        data: format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n{:10000}",
            ""
        ),
        pause: Duration::from_millis(1),
    };
    for (what, attack, options, answer) in [
        ("a sleep", "sleep", &[][..], 202.into()),
        ("an answer that never comes", "answer", &[], Answer::Silence),
        ("a body that never ends", "answer", &[], never_whole),
        (
            "room in a body that nobody reads",
            "slow-body",
            &[],
            Answer::Silence,
        ),
        ("room in the log", "log", &["--limit=log=1Ki"], 202.into()),
    ] {
        let sink = Sink::answering(answer);
        let start = Instant::now();

        let ended = limited(&sink, "wall=300ms")
            .component(guests::hostile())
            .flag(attack);
        let ended = options.iter().copied().fold(ended, Source::option);
        let ended = ended.run().failed();

        let took = start.elapsed();
        assert!(took >= Duration::from_millis(300), "{what}: {took:?}");
        assert!(took < Duration::from_secs(5), "{what}: {took:?}");
        let told = lines_with(&ended.stderr, "the limit wall=300ms was hit");
        assert_eq!(told.len(), 1, "{what}: {ended:#?}");
    }
}

#[test]
fn a_guest_that_floods_the_log_is_held_back_and_loses_nothing() {
    let sink = Sink::answering(202);
    let start = Instant::now();

    let ended = limited(&sink, "log=10Ki")
        .component(guests::egress())
        .flag("flood 300")
        .run()
        .succeeded();

    // 300 lines of 100 bytes, of which a second's worth is free.
    assert!(
        start.elapsed() >= Duration::from_millis(1900),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(lines_with(&ended.stdout, "flood").len(), 300);
    assert!(
        !lines_with(&ended.stderr, "the limit log=10Ki was hit").is_empty(),
        "{ended:#?}"
    );
}

#[test]
fn the_defaults_let_heartbeats_beat() {
    let sink = Sink::answering(202);
    Source::beating_to(&sink)
        .flags(["--count=300", "--period=1ms"])
        .run()
        .succeeded();
    assert_eq!(sink.requests().len(), 300);
}

fn limited(sink: &Sink, limit: &str) -> Source {
    Source::beating_to(sink).option(format!("--limit={limit}"))
}

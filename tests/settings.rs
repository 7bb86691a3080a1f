//! Settings: all that is wrong is told at once, before anything is sent; secrets are not told at all.

use crate::support::{Answer, Sink, Source};

#[test]
fn all_that_is_wrong_is_told_at_once_and_nothing_is_sent() {
    let sink = Sink::answering(202);

    let ended = Source::in_host()
        .set("K_SINK", sink.url())
        .set("ONE_SHOT", "maybe")
        .set("K_CE_OVERRIDES", "{")
        .flags([
            "--period=0",
            "--timeout=soon",
            "--retries=-1",
            "--mode=morse",
            "--label=\"open",
        ])
        .run()
        .failed();

    let settings = [
        "POD_NAME",
        "POD_NAMESPACE",
        "ONE_SHOT",
        "K_CE_OVERRIDES",
        "period",
        "timeout",
        "retries",
        "mode",
        "label",
    ];
    let untold: Vec<_> = settings
        .iter()
        .filter(|setting| !ended.stderr.contains(**setting))
        .collect();
    assert!(untold.is_empty(), "untold: {untold:?} in {}", ended.stderr);
    for value in ["maybe", "soon", "morse"] {
        assert!(
            ended.stderr.contains(value),
            "{value:?} is quoted in {}",
            ended.stderr
        );
    }
    assert_eq!(sink.connections(), 0);
}

#[test]
fn the_exit_status_tells_whether_the_beats_were_delivered() {
    let table: [(&str, u16, &[&str], i32, usize); 6] = [
        ("true", 202, &[], 0, 1),
        ("true", 400, &[], 1, 1),
        ("true", 503, &["--retries=1"], 1, 2),
        ("true", 302, &[], 1, 1),
        ("false", 202, &["--count=3", "--period=10ms"], 0, 3),
        ("false", 410, &["--count=3", "--period=10ms"], 1, 1),
    ];
    for (one_shot, status, flags, exit, requests) in table {
        let sink = Sink::answering(status);

        let ended = Source::beating_to(&sink)
            .set("ONE_SHOT", one_shot)
            .flags(flags.iter().copied())
            .run();

        let came = (ended.status.code(), sink.requests().len());
        assert_eq!(
            came,
            (Some(exit), requests),
            "ONE_SHOT={one_shot} {flags:?} and {status}: {ended:#?}"
        );
    }
}

#[test]
fn the_password_of_a_sink_never_shows() {
    let secret = "correct-horse";
    let answers = [
        Answer::status(202),
        Answer::status(503),
        Answer::status(401),
    ];
    for answer in answers {
        let sink = Sink::answering(answer);
        let with_password = sink
            .url()
            .replace("http://", &format!("http://someone:{secret}@"));

        let source = Source::in_host()
            .named()
            .one_shot()
            .flag("--retries=1")
            .set("K_SINK", &with_password);
        for source in [
            source.clone(),
            source.clone().flag("--log-format=json"),
            source.flag("--period=0"),
        ] {
            let output = source.run().output();
            assert!(!output.contains(secret), "{output}");
        }
        let sent = sink.requests()[0].header("authorization");
        assert!(
            sent.is_some_and(|value| value.starts_with("Basic ")),
            "and yet it is sent"
        );
    }
}

#[test]
fn the_password_of_a_sink_that_cannot_be_used_never_shows() {
    for sink in [
        "http://someone:correct-horse@:::/",
        "ftp://someone:correct-horse@host/",
        "someone:correct-horse@host",
    ] {
        let output = Source::in_host()
            .named()
            .one_shot()
            .set("K_SINK", sink)
            .run()
            .failed()
            .output();
        assert!(!output.contains("correct-horse"), "{sink}: {output}");
    }
}

#[test]
fn help_names_every_flag_and_every_variable() {
    let help = Source::in_host().flag("--help").run().succeeded().output();

    let flags = [
        "eventSource",
        "eventType",
        "sink",
        "label",
        "period",
        "msg",
        "retries",
        "timeout",
        "mode",
        "count",
        "log-format",
    ];
    let variables = [
        "K_SINK",
        "K_CE_OVERRIDES",
        "POD_NAME",
        "POD_NAMESPACE",
        "ONE_SHOT",
    ];
    let missing: Vec<_> = flags
        .iter()
        .chain(&variables)
        .filter(|name| !help.contains(**name))
        .collect();
    assert!(missing.is_empty(), "missing: {missing:?} in {help}");
}

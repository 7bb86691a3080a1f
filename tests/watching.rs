//! What those see who watch the host: metrics, health, and a log for machines.

use rustix::process::Signal;

use crate::support::{Answer, Running, Sink, Source, call, guests, json_lines};

#[test]
fn prometheus_sees_what_became_of_the_beats() {
    let sink = Sink::script([503.into(), 202.into(), 400.into(), 202.into()]);
    let running = watched(Source::beating_to(&sink).flag("--period=100ms"));
    let address = address(&running);
    sink.wait_for(5);

    let metrics = call(&address, "GET", "/metrics");

    assert_eq!(metrics.status, 200);
    let value = |name: &str| -> f64 {
        let line = metrics.body.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("no {name} in {}", metrics.body));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("heartbeats_beats_total{outcome=\"delivered\"}") >= 2.0);
    assert_eq!(value("heartbeats_beats_total{outcome=\"rejected\"}"), 1.0);
    assert_eq!(value("heartbeats_beats_total{outcome=\"given_up\"}"), 0.0);
    assert_eq!(
        value("heartbeats_attempts_total{outcome=\"retryable\"}"),
        1.0
    );
    assert!(value("heartbeats_attempt_seconds_count") >= 4.0);
    assert_eq!(value("heartbeats_denials_total"), 0.0);
    assert!(value("heartbeats_guest_memory_bytes") >= 65536.0);
    assert_eq!(call(&address, "GET", "/other").status, 404);
    assert_eq!(call(&address, "POST", "/metrics").status, 405);
}

#[test]
fn denials_and_limits_are_counted() {
    let sink = Sink::answering(Answer::Silence);
    let source = Source::beating_to(&sink)
        .component(guests::egress())
        .option("--limit=log=300")
        .flags([
            "POST http 127.0.0.2:1 /",
            "POST http 127.0.0.3:1 /",
            "flood 6",
        ]);
    let running = watched(source.flag(format!("POST http {} /", sink.authority())));
    let address = address(&running);
    sink.wait_for(1);

    let metrics = call(&address, "GET", "/metrics").body;

    assert!(
        metrics.contains("heartbeats_denials_total 2\n"),
        "{metrics}"
    );
    assert!(
        !metrics.contains("heartbeats_limit_hits_total{limit=\"log\"} 0\n"),
        "{metrics}"
    );
}

#[test]
fn it_is_ready_until_it_is_asked_to_stop() {
    let sink = Sink::answering(Answer::Silence);
    let running = watched(Source::beating_to(&sink));
    let address = address(&running);
    sink.wait_for(1);

    assert_eq!(call(&address, "GET", "/healthz").status, 200);
    assert_eq!(call(&address, "GET", "/readyz").status, 200);
    running.signal(Signal::TERM);
    running.wait_for_stderr("asked to stop", 1);
    assert_eq!(call(&address, "GET", "/healthz").status, 200);
    assert_eq!(call(&address, "GET", "/readyz").status, 503);
}

#[test]
fn a_log_for_machines_has_the_sources_lines_too() {
    let sink = Sink::answering(202);

    let ended = Source::beating_to(&sink)
        .one_shot()
        .option("--log-format=json")
        .option("--metrics=127.0.0.1:0")
        .run()
        .succeeded();

    let lines = json_lines(&ended.stderr);
    let of_source = lines.iter().filter(|line| line["source"] == "heartbeats");
    let id = sink.requests()[0].id();
    let told = of_source.filter(|line| line["message"].as_str().unwrap().contains(&id));
    assert_eq!(told.count(), 1, "{lines:#?}");
    assert!(
        lines.iter().any(|line| line.get("source").is_none()),
        "the host's own: {lines:#?}"
    );
}

#[test]
fn a_sources_line_in_a_log_for_machines_has_its_stream_and_the_level_that_it_says() {
    for format in ["text", "json"] {
        let failing = Source::in_host()
            .option("--log-format=json")
            .flags(["--period=0", "--log-format", format])
            .run()
            .failed();
        let help = Source::in_host()
            .option("--log-format=json")
            .flag("--help")
            .run()
            .succeeded();

        for (ended, level, stream) in [(failing, "ERROR", "stderr"), (help, "INFO", "stdout")] {
            assert_eq!(ended.stdout, "");
            let lines = json_lines(&ended.stderr);
            assert!(!lines.is_empty());
            for line in lines {
                assert_eq!(line["source"], "heartbeats", "{line}");
                assert_eq!(
                    (&line["level"], &line["stream"]),
                    (&level.into(), &stream.into())
                );
                assert!(line["timestamp"].is_string(), "{line}");
            }
        }
    }
}

#[test]
fn an_error_at_the_start_is_told_to_machines_too() {
    let ended = Source::in_host()
        .option("--log-format=json")
        .option("--component=/no/such.wasm")
        .run()
        .failed();

    let lines = json_lines(&ended.stderr);
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0]["message"]
            .as_str()
            .unwrap()
            .contains("/no/such.wasm")
    );
}

fn watched(source: Source) -> Running {
    source.option("--metrics=127.0.0.1:0").start()
}

fn address(running: &Running) -> String {
    let url = running.stderr_after("metrics at http://");
    url.split('/').next().unwrap().to_owned()
}

//! Traces: `K_OBSERVABILITY_CONFIG`, spans at an OTLP collector, and `traceparent` at the sink.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rustix::process::Signal;

use crate::support::{Answer, Collector, Request, Sink, Source, call, guests, lines_with};

const OBSERVABILITY: &str = "K_OBSERVABILITY_CONFIG";

#[test]
fn a_beat_is_a_trace_and_each_attempt_a_span_that_the_sink_is_told_of() {
    let collector = Collector::start();
    let sink = Sink::script([503.into(), Answer::Close, 202.into()]);

    let ended = Source::beating_to(&sink)
        .env(OBSERVABILITY, collector.settings())
        .flags(["--count=2", "--period=10ms"])
        .run()
        .succeeded();

    let (requests, spans) = (sink.requests(), collector.spans());
    assert_eq!((requests.len(), spans.len()), (4, 4), "{ended:#?}");
    for (request, span) in requests.iter().zip(&spans) {
        assert_eq!(request.header("traceparent"), Some(span.traceparent()));
        assert_eq!(span.attribute("cloudevents.event_id"), Some(&*request.id()));
    }
    let traces: Vec<_> = spans.iter().map(|span| &span.trace).collect();
    assert_eq!(traces[0], traces[1]);
    assert_eq!(traces[0], traces[2]);
    assert_ne!(traces[0], traces[3], "another beat");
    let ids: BTreeSet<_> = spans.iter().map(|span| &span.id).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn a_span_tells_what_was_sent_and_what_became_of_it() {
    let collector = Collector::start();
    let sink = Sink::script([
        Answer::late(503, Duration::from_millis(20)),
        Answer::Close,
        202.into(),
    ]);
    let url = format!("{}path?token=s3cret", sink.url());

    let ended = Source::in_host()
        .named()
        .set("K_SINK", url)
        .env(OBSERVABILITY, collector.settings())
        .one_shot()
        .flag("--eventType=my type")
        .run()
        .succeeded();

    let spans = collector.spans();
    let of = |name| spans.iter().map(move |span| span.attribute(name));
    let same = |name, value: &str| assert!(of(name).all(|of| of == Some(value)), "{spans:#?}");
    same("http.request.method", "POST");
    same("url.full", &format!("{}path", sink.url()));
    same("server.address", "127.0.0.1");
    same("server.port", &sink.port().to_string());
    same("cloudevents.event_type", "my type");
    same(
        "cloudevents.event_source",
        "https://knative.dev/eventing-contrib/cmd/heartbeats/#event-test/example-pod",
    );
    let statuses: Vec<_> = of("http.response.status_code").collect();
    assert_eq!(statuses, [Some("503"), None, Some("202")]);
    let errors: Vec<_> = of("error.type").collect();
    assert_eq!(errors, [Some("503"), Some("ConnectionTerminated"), None]);
    let failed: Vec<_> = spans.iter().map(|span| span.failed).collect();
    assert_eq!(failed, [true, true, false]);
    assert!(spans[0].time >= Duration::from_millis(20), "{spans:#?}");
    for span in &spans {
        assert_eq!((span.name.as_str(), span.kind), ("POST", SpanKind::Client));
        assert_eq!(span.resource["service.name"], "example-pod");
        assert_eq!(span.resource["k8s.pod.name"], "example-pod");
        assert_eq!(span.resource["k8s.namespace.name"], "event-test");
    }
    let secret = format!("{spans:?}{}", ended.output());
    assert!(!secret.contains("s3cret"), "{secret}");
}

#[test]
fn an_event_in_structured_mode_is_a_trace_too() {
    let collector = Collector::start();
    let sink = Sink::script([503.into(), 202.into()]);

    Source::beating_to(&sink)
        .env(OBSERVABILITY, collector.settings())
        .one_shot()
        .flag("--mode=structured")
        .run()
        .succeeded();

    let (requests, spans) = (sink.requests(), collector.spans());
    assert_eq!(spans[0].trace, spans[1].trace);
    assert_ne!(spans[0].id, spans[1].id);
    for (request, span) in requests.iter().zip(&spans) {
        let id = request.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(span.attribute("cloudevents.event_id"), Some(&*id));
        assert_eq!(request.header("traceparent"), Some(span.traceparent()));
    }
}

#[test]
fn a_trace_that_is_not_sampled_is_told_to_the_sink_and_not_exported() {
    let collector = Collector::start();
    let sink = Sink::script([503.into(), 202.into()]);

    // Knative's default.
    for settings in [
        collector.sampling(0.0),
        collector.settings().replace(",\"samplingRate\":1", ""),
    ] {
        Source::beating_to(&sink)
            .env(OBSERVABILITY, settings)
            .one_shot()
            .run()
            .succeeded();
    }

    for [trace, id, flags] in sink.requests().iter().map(traceparent) {
        assert_eq!((trace.len(), id.len(), &*flags), (32, 16, "00"));
    }
    assert_eq!(collector.spans().len(), 0);
}

#[test]
fn a_share_of_the_traces_is_sampled_and_each_of_them_whole() {
    let collector = Collector::start();
    let sink = Sink::script([202, 503].map(Answer::from).into_iter().cycle().take(1000));

    Source::beating_to(&sink)
        .env(OBSERVABILITY, collector.sampling(0.5))
        .flags(["--count=60", "--period=1ms"])
        .run()
        .succeeded();

    let spans = collector.spans();
    let sampled = |request: &&Request| traceparent(request)[2] == "01";
    let requests = sink.requests();
    let told: BTreeSet<_> = requests
        .iter()
        .filter(sampled)
        .map(|r| traceparent(r)[1].clone())
        .collect();
    let exported: BTreeSet<_> = spans.iter().map(|span| span.id.clone()).collect();
    assert_eq!(told, exported);
    let beats: BTreeSet<_> = requests.iter().filter(sampled).map(Request::id).collect();
    // Of 60 it is another number less than once in ten million runs.
    assert!((10..=50).contains(&beats.len()), "{}", beats.len());
    for request in &requests {
        assert_eq!(
            sampled(&request),
            beats.contains(&request.id()),
            "all attempts or none"
        );
    }
}

#[test]
fn with_tracing_a_guest_cannot_forge_a_trace_and_without_it_its_own_passes() {
    let own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for tracing in [true, false] {
        let collector = Collector::start();
        let sink = Sink::answering(202);
        let request = format!("traced http {} /", sink.authority());
        let mut source = Source::beating_to(&sink)
            .component(guests::egress())
            .flag(request);
        if tracing {
            source = source.env(OBSERVABILITY, collector.settings());
        }

        let ended = source.run().succeeded();

        let [request] = &sink.requests()[..] else {
            panic!("{ended:#?}")
        };
        let (parent, state) = (request.header("traceparent"), request.header("tracestate"));
        if tracing {
            assert_eq!(parent, Some(collector.spans()[0].traceparent()));
            assert_eq!(state, None);
        } else {
            assert_eq!(
                (parent.as_deref(), state.as_deref()),
                (Some(own), Some("a=b"))
            );
        }
    }
}

#[test]
fn no_beat_waits_for_a_collector_that_is_down_or_deaf_and_the_log_says_so_once() {
    let down = {
        let gone = Collector::start();
        gone.settings()
    };
    let deaf = Collector::deaf();
    for (settings, refuses) in [(down, true), (deaf.settings(), false)] {
        let sink = Sink::answering(202);
        let start = Instant::now();

        let source = Source::beating_to(&sink)
            .env(OBSERVABILITY, settings)
            .option("--metrics=127.0.0.1:0")
            .flag("--period=10ms")
            .start();
        sink.wait_for(250);
        let beaten = start.elapsed();
        let metrics = source.stderr_after("metrics at http://");
        let (address, path) = metrics.split_once('/').unwrap();
        let figures = call(address, "GET", &format!("/{path}")).body;
        let none_dropped = figures.contains("\nheartbeats_spans_dropped_total 0\n");
        assert_ne!(none_dropped, refuses, "{figures}");
        source.signal(Signal::TERM);
        let ended = source.wait().succeeded();

        assert!(beaten < Duration::from_secs(8), "{beaten:?}");
        assert!(
            start.elapsed() < beaten + Duration::from_secs(3),
            "{ended:#?}"
        );
        let told: Vec<_> = lines_with(&ended.stderr, "WARN");
        assert!((1..=3).contains(&told.len()), "{told:#?}");
        assert!(told.iter().any(|line| line.contains("spans")), "{told:#?}");
        let sent = lines_with(&ended.stderr, "heartbeat sent").len();
        assert_eq!(sent, sink.requests().len());
    }
}

#[test]
fn spans_are_exported_while_the_source_goes_on() {
    let collector = Collector::start();
    let sink = Sink::answering(202);
    let source = Source::beating_to(&sink)
        .env(OBSERVABILITY, collector.settings())
        .flag("--period=100ms")
        .start();

    assert!(collector.wait_for(1).len() < 100);

    source.signal(Signal::TERM);
    source.wait().succeeded();
    thread::sleep(Duration::from_millis(10));
    assert_eq!(
        collector.spans().len(),
        sink.requests().len(),
        "the last ones at the end"
    );
}

#[test]
fn settings_that_cannot_be_used_stop_the_start_with_the_remedy() {
    for (settings, shown) in [
        ("tracing", "tracing"),
        (
            r#"{"tracing":{"protocol":"grpc","endpoint":"http://c:4317"}}"#,
            "http/protobuf",
        ),
        (r#"{"tracing":{"protocol":"stdout"}}"#, "stdout"),
        (
            r#"{"tracing":{"protocol":"http/protobuf","endpoint":"http://me:s3cret@c"}}"#,
            "OTEL_EXPORTER_OTLP_HEADERS",
        ),
        (r#"{"metrics":{"protocol":"grpc"}}"#, "--metrics"),
    ] {
        let sink = Sink::answering(202);

        let ended = Source::beating_to(&sink)
            .env(OBSERVABILITY, settings)
            .one_shot()
            .run()
            .failed();

        assert_eq!(ended.stderr.lines().count(), 1, "{ended:#?}");
        assert!(ended.stderr.contains(OBSERVABILITY), "{ended:#?}");
        assert!(ended.stderr.contains(shown), "{ended:#?}");
        assert!(!ended.stderr.contains("s3cret"), "{ended:#?}");
        assert_eq!(sink.requests().len(), 0);
    }
}

/// Trace, span and flags of the only `traceparent`.
fn traceparent(request: &Request) -> [String; 3] {
    let value = request.header("traceparent").expect("a traceparent");
    let parts: Vec<_> = value.split('-').map(str::to_owned).collect();
    let [version, rest @ ..] = &parts[..] else {
        panic!("{value}")
    };
    assert_eq!(version, "00");
    rest.to_vec().try_into().unwrap()
}

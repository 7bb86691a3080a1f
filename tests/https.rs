//! Sinks that speak https: whom the host trusts, and what it says about those that it does not.

use std::fs;

use rcgen::{SanType, date_time_ymd};
use rustls::ALL_VERSIONS;
use rustls::version::TLS12;

use crate::support::{Authority, Ended, Sink, Source, lines_with};

#[test]
fn a_beat_reaches_an_https_sink_that_a_trusted_authority_vouches_for() {
    let authority = Authority::new();
    let trusted = authority.file();
    let sink = Sink::with_tls(202, &authority);

    Source::beating_to(&sink)
        .one_shot()
        .env("SSL_CERT_FILE", trusted.path().to_str().unwrap())
        .run()
        .succeeded();

    assert_eq!(sink.requests().len(), 1);
}

#[test]
fn the_authorities_of_knative_are_trusted_besides() {
    let (one, other) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.pem"), one.pem()).unwrap();

    for authority in [&one, &other] {
        let sink = Sink::with_tls(202, authority);

        Source::beating_to(&sink)
            .one_shot()
            .option(format!("--ca-dir={}", folder.path().display()))
            .env("K_CA_CERTS", other.pem())
            .run()
            .succeeded();

        assert_eq!(sink.requests().len(), 1);
    }
}

#[test]
fn authorities_that_come_and_go_while_it_runs_count_at_once() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("late.pem");
    let sink = Sink::with_tls(202, &authority);
    let running = Source::beating_to(&sink)
        .option(format!("--ca-dir={}", folder.path().display()))
        .flags(["--period=20ms", "--retries=0"])
        .start();

    running.wait_for_stderr("issuer of its certificate is not trusted", 1);
    assert_eq!(sink.requests().len(), 0);
    fs::write(&file, authority.pem()).unwrap();
    sink.wait_for(3);
    // A file that is broken half-way changes nothing.
    fs::write(&file, "broken").unwrap();
    running.wait_for_stderr("the old certificate authorities stay in use", 1);
    let before = sink.requests().len();
    sink.wait_for(before + 3);
    fs::remove_file(&file).unwrap();
    running.wait_for_stderr("issuer of its certificate is not trusted", 2);
}

#[test]
fn no_beat_reaches_an_https_sink_of_a_stranger() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let sink = Sink::with_tls(202, &stranger);

    let ended = trusting(&authority, &sink).run().failed();

    assert_told(
        &ended,
        &sink,
        "the issuer of its certificate is not trusted",
    );
    assert_told(&ended, &sink, "K_CA_CERTS or --ca-dir");
}

#[test]
fn no_beat_reaches_a_sink_with_a_certificate_for_another_name() {
    let authority = Authority::new();
    let server = authority.server_with(ALL_VERSIONS, |params| {
        params.subject_alt_names = vec![SanType::DnsName("other.example".try_into().unwrap())];
    });
    let sink = Sink::with_server(202, server);

    let ended = trusting(&authority, &sink).run().failed();

    assert_told(&ended, &sink, "other.example");
    assert_told(&ended, &sink, "not for 127.0.0.1");
}

#[test]
fn no_beat_reaches_a_sink_with_an_expired_certificate() {
    let authority = Authority::new();
    let server = authority.server_with(ALL_VERSIONS, |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let sink = Sink::with_server(202, server);

    let ended = trusting(&authority, &sink).run().failed();

    assert_told(&ended, &sink, "its certificate expired");
}

#[test]
fn tls_1_2_is_spoken_only_if_it_is_asked_for() {
    let authority = Authority::new();
    let sink = Sink::with_server(202, authority.server_with(&[&TLS12], |_| {}));

    let ended = trusting(&authority, &sink).run().failed();
    assert_told(&ended, &sink, "TLS_MIN_VERSION=1.2");

    let asked = trusting(&authority, &sink).env("TLS_MIN_VERSION", "1.2");
    asked.run().succeeded();
    assert_eq!(sink.requests().len(), 1);
}

#[test]
fn a_certificate_that_is_none_stops_the_start() {
    let authority = Authority::new();
    let sink = Sink::with_tls(202, &authority);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.pem"), "no certificate").unwrap();
    let folder = format!("--ca-dir={}", folder.path().display());

    let starts = [
        (trusting(&authority, &sink).option(folder), "bad.pem"),
        (
            trusting(&authority, &sink).env("K_CA_CERTS", "x"),
            "K_CA_CERTS",
        ),
        (
            trusting(&authority, &sink).env("TLS_MIN_VERSION", "1.1"),
            "TLS_MIN_VERSION",
        ),
    ];
    for (start, name) in starts {
        let ended = start.run().failed();
        assert_eq!(lines_with(&ended.stderr, name).len(), 1, "{ended:#?}");
        assert_eq!(
            ended.stderr.lines().count(),
            1,
            "nothing was started: {ended:#?}"
        );
    }
    assert_eq!(sink.connections(), 0);
}

/// A source of one beat, tried once.
fn trusting(authority: &Authority, sink: &Sink) -> Source {
    Source::beating_to(sink)
        .one_shot()
        .flag("--retries=0")
        .env("K_CA_CERTS", authority.pem())
}

/// The log names the sink and the reason on one line, and nothing was sent.
fn assert_told(ended: &Ended, sink: &Sink, reason: &str) {
    let told = lines_with(&ended.stderr, reason);
    assert_eq!(told.len(), 1, "{reason:?} in {ended:#?}");
    assert!(
        told[0].contains(&format!("https://{}", sink.authority())),
        "{told:?}"
    );
    assert_eq!(sink.requests().len(), 0);
}

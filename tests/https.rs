//! Sinks that speak https.

use crate::support::{Authority, Sink, Source, lines_with};

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
fn no_beat_reaches_an_https_sink_of_a_stranger() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let trusted = authority.file();
    let sink = Sink::with_tls(202, &stranger);

    let ended = Source::beating_to(&sink)
        .one_shot()
        .flag("--retries=0")
        .env("SSL_CERT_FILE", trusted.path().to_str().unwrap())
        .run()
        .failed();

    assert_eq!(sink.requests().len(), 0);
    assert!(
        !lines_with(&ended.stderr.to_lowercase(), "certificate").is_empty(),
        "the reason is told: {}",
        ended.stderr
    );
}

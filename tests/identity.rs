//! The token that the host shows to the sink, and nobody else sees.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Request, Sink, Source, guests, lines_with};

#[test]
fn the_sink_sees_the_token_and_the_log_does_not() {
    let sink = Sink::answering(202);
    let (_folder, token) = token("s3cret.s3cret\n");

    let ended = Source::beating_to(&sink)
        .one_shot()
        .option(by(&token))
        .env("RUST_LOG", "trace")
        .run()
        .succeeded();

    assert_eq!(shown(&sink.requests()[0]), "Bearer s3cret.s3cret");
    assert!(!ended.output().contains("s3cret"), "{ended:#?}");
}

#[test]
fn a_token_that_is_replaced_is_used_within_one_beat() {
    let sink = Sink::answering(202);
    let (folder, token) = token("old");
    let running = Source::beating_to(&sink)
        .option(by(&token))
        .flag("--period=20ms")
        .start();

    sink.wait_for(2);
    let next = folder.path().join("next");
    fs::write(&next, "new\n").unwrap();
    fs::rename(&next, &token).unwrap();
    let before = sink.requests().len();
    let seen = sink.wait_for(before + 3);
    drop(running);

    let tokens: Vec<_> = seen.iter().map(shown).collect();
    assert!(
        tokens[..before].iter().all(|token| token == "Bearer old"),
        "{tokens:?}"
    );
    // The request that was on its way when the file was replaced may still have the old one.
    assert!(
        tokens[before + 1..]
            .iter()
            .all(|token| token == "Bearer new"),
        "{tokens:?}"
    );
}

#[test]
fn only_the_sink_sees_it_and_no_guest_can_write_in_its_place() {
    let (sink, other) = (Sink::answering(202), Sink::answering(202));
    let (_folder, token) = token("mine");
    let attempts = [
        format!("POST http {} /", sink.authority()),
        format!("POST http {} /", other.authority()),
        format!("authorized http {} /", sink.authority()),
    ];
    let source = |with: Option<&Path>| {
        let source = Source::beating_to(&sink)
            .component(guests::egress())
            .option(format!("--allow={}", other.authority()))
            .flags(attempts.iter().map(String::as_str));
        with.map(by).into_iter().fold(source, Source::option)
    };

    let ended = source(Some(&token)).run().succeeded();

    assert_eq!(shown(&sink.requests()[0]), "Bearer mine");
    assert_eq!(other.requests()[0].header("authorization"), None);
    assert_eq!(
        lines_with(&ended.stdout, "the header was not taken").len(),
        1,
        "{ended:#?}"
    );
    assert_eq!(sink.requests().len(), 1);

    // Without a token it is the guest's to use, as heartbeats does with the sink's user information.
    source(None).run().succeeded();
    assert_eq!(shown(&sink.requests()[2]), "Basic guest");
}

#[test]
fn a_token_that_cannot_be_used_stops_the_start() {
    let sink = Sink::answering(202);
    let (folder, empty) = token(" \n");
    let missing = folder.path().join("missing");
    for path in [&empty, &missing] {
        let ended = Source::beating_to(&sink).option(by(path)).run().failed();
        assert!(ended.stderr.contains(path.to_str().unwrap()), "{ended:#?}");
    }
    assert_eq!(sink.connections(), 0);
}

#[test]
fn user_information_and_a_token_at_once_stop_the_start() {
    let sink = Sink::answering(202);
    let (_folder, token) = token("mine");
    let url = format!("http://user:s3cret@{}/", sink.authority());

    let ended = Source::in_host()
        .named()
        .set("K_SINK", url)
        .option(by(&token))
        .run()
        .failed();

    assert!(ended.stderr.contains("remove one of them"), "{ended:#?}");
    assert!(!ended.output().contains("s3cret"), "{ended:#?}");
    assert_eq!(sink.connections(), 0);
}

/// A file with this text, and the folder that keeps it.
fn token(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn by(token: &Path) -> String {
    format!("--oidc-token={}", token.display())
}

fn shown(request: &Request) -> String {
    request
        .header("authorization")
        .expect("a request to the sink has a token")
}

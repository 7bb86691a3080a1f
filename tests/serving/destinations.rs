//! Whom a source of `serve` trusts, and what it shows to its sink: authorities and tokens of each sink's own.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::world::{Manifest, World};
use crate::support::{Answer, Authority, Request, Sink, guests};

const HOURLY: &str = "schedule: 1h";
const OFTEN: &str = "schedule: 50ms";

#[test]
fn two_tenants_trust_their_own_authority_and_not_each_others() {
    let (blue, red) = (Authority::new(), Authority::new());
    let (blue_sink, red_sink) = (Sink::with_tls(202, &blue), Sink::with_tls(202, &red));
    let source = |namespace: &str, name: &str, sink: &Sink| {
        Manifest::new(name, sink).namespace(namespace).spec(HOURLY)
    };
    let world = World::start(&[
        source("blue", "own", &blue_sink).sink_field("CACerts", &blue.pem()),
        source("red", "own", &red_sink).sink_field("CACerts", &red.pem()),
        source("blue", "crossed", &red_sink).sink_field("CACerts", &blue.pem()),
        source("red", "crossed", &blue_sink).sink_field("CACerts", &red.pem()),
        source("blue", "without", &blue_sink),
    ]);

    for (namespace, sink) in [("blue", &blue_sink), ("red", &red_sink)] {
        let beat = sink.wait_for(1).remove(0);
        let source = beat.header("ce-source").unwrap();
        assert!(source.contains(&format!("{namespace}/own")), "{source}");
    }
    for refused in ["blue/crossed", "red/crossed", "blue/without"] {
        world.wait_for_state(refused, |state| {
            let reason = state["lastError"]["reason"].as_str().unwrap_or_default();
            reason.contains("certificate is not trusted")
        });
    }
    world.said("the sink's CACerts");
    assert_eq!(blue_sink.requests().len() + red_sink.requests().len(), 2);
}

#[test]
fn sources_with_the_same_authority_share_connections() {
    let authority = Authority::new();
    let sink = Sink::with_tls(202, &authority);
    let manifests: Vec<_> = (0..8)
        .map(|n| {
            Manifest::new(&format!("s{n}"), &sink)
                .sink_field("CACerts", &authority.pem())
                .spec(&format!("schedule: 50ms, args: ['--label={n}']"))
        })
        .collect();
    let _world = World::start(&manifests);

    let beats = sink.wait_for(200);

    assert!(
        sink.connections() < beats.len() / 4,
        "{} connections for {} beats",
        sink.connections(),
        beats.len()
    );
}

#[test]
fn a_dead_letter_sink_has_an_authority_and_a_token_of_its_own() {
    let authority = Authority::new();
    let (sink, dead) = (Sink::answering(400), Sink::with_tls(202, &authority));
    let tokens = tokens(&[("event-test/dead-letters", "for the dead".replace(' ', "."))]);
    let pem = serde_json::to_string(&authority.pem()).unwrap();
    let spec = format!(
        "{HOURLY}, delivery: {{deadLetterSink: {{uri: '{}', CACerts: {pem}, audience: dead-letters}}}}",
        dead.url()
    );
    let _world = World::with_options(&[Manifest::new("a", &sink).spec(&spec)], &[&by(&tokens)]);

    let letter = dead.wait_for(1).remove(0);

    assert_eq!(shown(&letter), "Bearer for.the.dead");
    assert_eq!(sink.requests()[0].header("authorization"), None);
}

#[test]
fn each_sink_is_shown_the_token_for_its_audience_and_the_log_shows_none() {
    let (first, second, open) = (
        Sink::answering(202),
        Sink::answering(202),
        Sink::answering(202),
    );
    let tokens = tokens(&[
        (
            "event-test/https_3a_2f_2ffirst.example_2f",
            "s3cret.1\n".into(),
        ),
        ("event-test/second", "s3cret.2".into()),
    ]);
    let world = World::with_options(
        &[
            Manifest::new("first", &first)
                .sink_field("audience", "https://first.example/")
                .spec(OFTEN),
            Manifest::new("second", &second)
                .sink_field("audience", "second")
                .spec(OFTEN),
            Manifest::new("open", &open).spec(OFTEN),
        ],
        &[&by(&tokens)],
    );

    assert_eq!(shown(&first.wait_for(1)[0]), "Bearer s3cret.1");
    assert_eq!(shown(&second.wait_for(1)[0]), "Bearer s3cret.2");
    assert_eq!(open.wait_for(1)[0].header("authorization"), None);

    put(&tokens, "event-test/second", "s3cret.3");
    let before = second.requests().len();
    let later = second.wait_for(before + 3).pop().unwrap();
    assert_eq!(shown(&later), "Bearer s3cret.3");
    assert_eq!(shown(first.requests().last().unwrap()), "Bearer s3cret.1");
    assert!(!world.log().contains("s3cret"), "{}", world.log());
}

#[test]
fn without_its_token_a_source_is_suspended_until_the_token_comes() {
    let sink = Sink::answering(202);
    let tokens = tokens(&[("event-test/other", "other".into())]);
    let world = World::with_options(
        &[Manifest::new("a", &sink)
            .sink_field("audience", "sink")
            .spec(OFTEN)],
        &[&by(&tokens)],
    );

    world.wait_for_state("event-test/a", |state| state["state"] == "suspended");
    let reason = world.state("event-test/a")["reason"].to_string();
    assert!(
        reason.contains("event-test/sink") && reason.contains("put a token there"),
        "{reason}"
    );
    assert_eq!(sink.connections(), 0);

    put(&tokens, "event-test/sink", "come");
    assert_eq!(shown(&sink.wait_for(1)[0]), "Bearer come");

    fs::remove_file(tokens.path().join("event-test/sink")).unwrap();
    world.wait_for_state("event-test/a", |state| state["state"] == "suspended");
    assert!(
        sink.requests()
            .iter()
            .all(|beat| shown(beat) == "Bearer come")
    );
}

#[test]
fn no_tenant_gets_the_token_of_another_by_naming_its_audience() {
    let (own, thief) = (Sink::answering(202), Sink::answering(202));
    let tokens = tokens(&[("event-test/sink", "own".into())]);
    let thieving = |name: &str, audience: &str| {
        Manifest::new(name, &thief)
            .namespace("thief")
            .sink_field("audience", audience)
            .spec(OFTEN)
    };
    let world = World::with_options(
        &[
            Manifest::new("a", &own)
                .sink_field("audience", "sink")
                .spec(OFTEN),
            thieving("same", "sink"),
            thieving("path", "../event-test/sink"),
        ],
        &[&by(&tokens)],
    );

    assert_eq!(shown(&own.wait_for(1)[0]), "Bearer own");
    for source in ["thief/same", "thief/path"] {
        world.wait_for_state(source, |state| state["state"] == "suspended");
    }
    assert_eq!(thief.connections(), 0);
}

#[test]
fn without_a_folder_of_tokens_the_status_names_the_option() {
    let sink = Sink::answering(202);
    let world = World::start(&[Manifest::new("a", &sink)
        .sink_field("audience", "x")
        .spec(OFTEN)]);

    world.wait_for_state("event-test/a", |state| {
        let reason = state["reason"].as_str().unwrap_or_default();
        reason.contains("--oidc-tokens")
    });
    assert_eq!(sink.connections(), 0);
}

#[test]
fn a_guest_can_neither_see_the_token_nor_write_in_its_place() {
    let sink = Sink::answering(Answer::from(202));
    let tokens = tokens(&[("event-test/sink", "mine".into())]);
    let spec = format!(
        "{HOURLY}, component: {{path: '{}'}}, args: ['authorized http {authority} /', 'POST http {authority} /']",
        guests::egress().display(),
        authority = sink.authority()
    );
    let world = World::with_options(
        &[Manifest::new("a", &sink)
            .sink_field("audience", "sink")
            .spec(&spec)],
        &[&by(&tokens)],
    );

    world.said("the header was not taken");
    assert_eq!(shown(&sink.wait_for(1)[0]), "Bearer mine");
    world.wait_for_state("event-test/a", |state| state["delivered"] == 1);
    assert_eq!(sink.requests().len(), 1);
}

/// A folder with these tokens, each `NAMESPACE/AUDIENCE` and its text.
fn tokens(tokens: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in tokens {
        fs::create_dir_all(folder.path().join(Path::new(path).parent().unwrap())).unwrap();
        put(&folder, path, text);
    }
    folder
}

/// Another inode each time, as whoever replaces a token does.
fn put(folder: &TempDir, path: &str, text: &str) {
    let path = folder.path().join(path);
    let next = path.with_extension("next");
    fs::write(&next, text).unwrap();
    fs::rename(next, path).unwrap();
}

fn by(tokens: &TempDir) -> String {
    format!("--oidc-tokens={}", tokens.path().display())
}

fn shown(request: &Request) -> String {
    request
        .header("authorization")
        .expect("a request to a sink with an audience has a token")
}

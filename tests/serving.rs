//! `serve`: many sources of many tenants in one process, from manifests.

mod commands;
mod destinations;
mod interface;
mod sockets;
mod world;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::{
    Answer, Collector, Sink, component_file, guests, json_lines, lines_with, root,
};
use world::{Manifest, World, check};

const SOON: Duration = Duration::from_secs(2);

#[test]
fn sources_of_two_tenants_beat_with_their_own_names_and_settings() {
    let sink = Sink::answering(202);
    let blue = Manifest::new("blue", &sink)
        .spec("schedule: 1h, ceOverrides: {extensions: {team: azure}}, args: ['--label=b']");
    let red = Manifest::new("red", &sink)
        .namespace("other")
        .spec("schedule: 1h");
    let _world = World::start(&[blue, red]);

    let mut beats = sink.wait_for(2);
    beats.sort_by_key(|beat| beat.header("ce-source"));

    let sources: Vec<_> = beats
        .iter()
        .map(|beat| beat.header("ce-source").unwrap())
        .collect();
    assert!(
        sources[0].contains("event-test/blue") && sources[1].contains("other/red"),
        "{sources:?}"
    );
    assert_eq!(beats[0].header("ce-team").as_deref(), Some("azure"));
    assert_eq!(beats[0].json()["label"], "b");
    assert_eq!(
        beats.iter().map(|beat| beat.sequence()).collect::<Vec<_>>(),
        [1, 1]
    );
}

#[test]
fn an_event_as_large_as_sinks_must_take_is_sent() {
    let sink = Sink::answering(202);
    let (label, msg) = ("l".repeat(30_000), "m".repeat(30_000));
    let team = "t".repeat(4_000);
    let spec = format!(
        "schedule: 100ms, args: ['--label={label}', '--msg={msg}'], ceOverrides: {{extensions: {{team: {team}}}}}"
    );
    let _world = World::start(&[Manifest::new("a", &sink).spec(&spec)]);

    for beat in &sink.wait_for(3) {
        let body = beat.json();
        assert!(
            body["label"] == *label && body["msg"] == *msg,
            "the whole body"
        );
        assert_eq!(beat.header("ce-team").as_deref(), Some(&*team));
    }
}

#[test]
fn an_interval_goes_on_with_fresh_ids() {
    let sink = Sink::answering(202);
    let _world = World::start(&[Manifest::new("a", &sink).spec("schedule: 100ms")]);

    let beats = sink.wait_for(5);

    let sequences: Vec<_> = beats.iter().map(|beat| beat.sequence()).collect();
    assert_eq!(sequences[..5], [1, 2, 3, 4, 5]);
    assert_ne!(beats[0].id(), beats[1].id());
    let passed = beats[4].at - beats[0].at;
    assert!(
        passed > Duration::from_millis(250) && passed < SOON,
        "{passed:?}"
    );
}

#[test]
fn all_attempts_for_a_beat_are_one_trace_though_each_has_its_own_sandbox() {
    let collector = Collector::start();
    let sink = Sink::script([503.into(), 503.into(), 202.into()]);
    let settings = collector.settings();
    let manifest = Manifest::new("a", &sink).spec("schedule: 1h");
    let world = World::with_env(&[manifest], &[("K_OBSERVABILITY_CONFIG", &settings)]);
    let requests = sink.wait_for(3);

    world.signal(Signal::TERM);
    world.wait().succeeded();

    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "{spans:#?}");
    for (request, span) in requests.iter().zip(&spans) {
        assert_eq!(span.trace, spans[0].trace);
        assert_eq!(request.header("traceparent"), Some(span.traceparent()));
        assert_eq!(span.attribute("cloudevents.event_id"), Some(&*request.id()));
        assert_eq!(span.resource["service.name"], "heartbeats-host");
    }
}

#[test]
fn a_log_for_machines_has_the_lines_of_all_sources() {
    let sink = Sink::answering(400);
    let manifest = Manifest::new("a", &sink).spec(&format!(
        "schedule: 1h, component: {{path: {}}}, args: [environment]",
        guests::egress().display()
    ));
    let world = World::with_options(&[manifest], &["--log-format=json"]);
    world.said("environment: ONE_SHOT");
    world.signal(Signal::TERM);

    let ended = world.wait().succeeded();

    let lines = json_lines(&ended.stderr);
    let of_source = lines.iter().filter(|line| line["source"] == "event-test/a");
    let told: Vec<_> = of_source
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert!(told.contains(&"environment: POD_NAME=a"), "{lines:#?}");
}

#[test]
fn a_source_that_only_computes_is_stopped_and_its_neighbour_beats_on() {
    let (sink, untouched) = (Sink::answering(202), Sink::answering(202));
    let spin = Manifest::new("spin", &untouched).spec(&format!(
        "schedule: 100ms, component: {{path: {}}}, args: [loop], limits: {{cpu: 20ms}}",
        guests::hostile().display()
    ));
    let good = Manifest::new("good", &sink).spec("schedule: 50ms");
    let world = World::start(&[spin, good]);

    world.wait_for_state("event-test/spin", |state| {
        state["givenUp"].as_u64() >= Some(3)
    });
    world.said("the limit cpu=20ms was hit; if the source may have more, raise spec.limits.cpu");
    let beats = sink.wait_for(10);

    let sequences: Vec<_> = beats.iter().map(|beat| beat.sequence()).collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
    assert_eq!(untouched.connections(), 0);
}

#[test]
fn a_retry_is_the_same_event_and_the_source_goes_on() {
    let sink = Sink::script([503.into(), 503.into(), 202.into()]);
    let _world = World::start(&[Manifest::new("a", &sink).spec("schedule: 1s")]);

    let beats = sink.wait_for(4);

    for again in &beats[1..3] {
        assert_eq!((again.id(), &again.body), (beats[0].id(), &beats[0].body));
        assert_eq!(again.header("ce-time"), beats[0].header("ce-time"));
    }
    assert_eq!(beats[3].sequence(), 2);
}

#[test]
fn what_is_given_up_goes_to_the_dead_letter_sink_with_the_reason() {
    let (sink, dead) = (
        Sink::answering(Answer::with_body(400, "not today")),
        Sink::answering(202),
    );
    let spec = format!(
        "schedule: 1h, delivery: {{deadLetterSink: {{uri: '{}'}}}}",
        dead.url()
    );
    let world = World::start(&[Manifest::new("a", &sink).spec(&spec)]);

    let letter = dead.wait_for(1).remove(0);

    assert_eq!(letter.id(), sink.requests()[0].id());
    assert_eq!(letter.body, sink.requests()[0].body);
    assert_eq!(letter.header("ce-knativeerrorcode").as_deref(), Some("400"));
    assert!(
        letter
            .header("ce-knativeerrordata")
            .unwrap()
            .contains("not%20today"),
        "{letter:?}"
    );
    let destination = letter.header("ce-knativeerrordest").unwrap();
    assert!(
        sink.url().starts_with(destination.trim_end_matches('/')),
        "{destination}"
    );
    world.wait_for_state("event-test/a", |state| state["givenUp"] == 1);
}

#[test]
fn a_sink_that_is_gone_suspends_its_source_alone() {
    let (gone, good) = (Sink::answering(410), Sink::answering(202));
    let world = World::start(&[
        Manifest::new("gone", &gone).spec("schedule: 50ms"),
        Manifest::new("good", &good).spec("schedule: 50ms"),
    ]);

    world.wait_for_state("event-test/gone", |state| state["state"] == "suspended");
    let before = good.requests().len();
    good.wait_for(before + 3);

    assert_eq!(gone.requests().len(), 1);
    let reason = world.state("event-test/gone")["reason"].to_string();
    assert!(reason.contains("410"), "{reason}");
}

#[test]
fn a_sink_that_was_away_gets_every_event_and_the_log_says_when_it_was() {
    const SOURCES: usize = 150;
    let sink = Sink::refusing([202.into()]);
    let sources: Vec<_> = (0..SOURCES)
        .map(|number| Manifest::new(&format!("a{number}"), &sink).spec("schedule: 1h"))
        .collect();
    let world = World::start(&sources);

    world.said("the sink is away; its sources ask for it less often");
    sink.open();
    let beats = sink.wait_for(SOURCES);
    world.said("the sink is back after");

    let sources: HashSet<_> = beats.iter().map(|beat| beat.header("ce-source")).collect();
    assert_eq!((beats.len(), sources.len()), (SOURCES, SOURCES));
    let log = world.log();
    let away: Vec<_> = lines_with(&log, "the sink is away");
    assert_eq!(away.len(), 1, "{away:?}");
    assert!(
        away[0].contains("event-test") && away[0].contains(&sink.url()),
        "{away:?}"
    );
}

#[test]
fn a_source_reaches_its_own_sink_only() {
    let (own, other) = (Sink::answering(202), Sink::answering(202));
    let spec = format!(
        "schedule: 1h, component: {{path: '{}'}}, args: ['POST http {} /']",
        guests::egress().display(),
        other.authority()
    );
    let world = World::start(&[
        Manifest::new("stranger", &own).spec(&spec),
        Manifest::new("neighbour", &other).spec("schedule: 1h"),
    ]);

    world.said("event-test/stranger: POST http");
    world.wait_for_state("event-test/stranger", |state| state["delivered"] == 1);
    other.wait_for(1);

    let senders: Vec<_> = other
        .requests()
        .iter()
        .map(|beat| beat.header("ce-source"))
        .collect();
    assert!(
        senders.iter().all(|sender| sender
            .as_ref()
            .is_some_and(|sender| sender.contains("neighbour"))),
        "{senders:?}"
    );
    assert_eq!(own.requests().len(), 0);
}

#[test]
fn a_hung_sink_does_not_hold_up_the_others() {
    let (hung, good) = (Sink::answering(Answer::Silence), Sink::answering(202));
    let _world = World::start(&[
        Manifest::new("hung", &hung).spec("schedule: 50ms"),
        Manifest::new("good", &good).spec("schedule: 50ms"),
    ]);

    hung.wait_for(1);
    let before = good.requests().len();
    let start = Instant::now();
    good.wait_for(before + 10);

    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    assert_eq!(hung.requests().len(), 1, "one call at a time");
}

#[test]
fn changes_take_effect_while_it_runs() {
    let sink = Sink::with_paths(202.into(), Default::default());
    let world = World::start(&[Manifest::new("a", &sink).spec("schedule: 1h")]);
    sink.wait_for(1);

    world.write(&[
        Manifest::new("a", &sink).spec("schedule: 1h"),
        Manifest::new("b", &sink).spec("schedule: 1h"),
    ]);
    let beats = sink.wait_for(2);
    assert!(
        beats[1].header("ce-source").unwrap().contains("/b"),
        "what did not change does not beat again"
    );

    world.write(&[Manifest::new("b", &sink).spec("schedule: broken")]);
    world.said("spec.schedule");
    assert_eq!(
        world.state("event-test/b")["state"],
        "idle",
        "the last good version goes on"
    );

    world.write(&[Manifest::new("b", &sink).spec("schedule: 1h, suspend: true")]);
    world.wait_for_state("event-test/b", |state| state["state"] == "suspended");
    world.wait_for_answer("/sources/event-test/a", 404);
}

#[test]
fn a_mounted_configmap_that_is_swapped_is_read_again() {
    use std::os::unix::fs::symlink;
    let sink = Sink::answering(202);
    let world = World::empty();
    let path = |name: &str| world.folder().join(name);
    for (version, name) in [("..1", "a"), ("..2", "b")] {
        fs::create_dir(path(version)).unwrap();
        fs::write(
            path(version).join("x.yaml"),
            Manifest::new(name, &sink).spec("schedule: 1h").text(),
        )
        .unwrap();
    }
    symlink("..1", path("..data")).unwrap();
    symlink("..data/x.yaml", path("x.yaml")).unwrap();
    world.wait_for_answer("/sources/event-test/a", 200);

    let swapped = Instant::now();
    symlink("..2", path("..data_tmp")).unwrap();
    fs::rename(path("..data_tmp"), path("..data")).unwrap();

    world.wait_for_answer("/sources/event-test/b", 200);
    assert!(swapped.elapsed() < SOON, "{:?}", swapped.elapsed());
    world.wait_for_answer("/sources/event-test/a", 404);
}

#[test]
fn the_admin_interface_shows_and_does() {
    let sink = Sink::answering(202);
    let world = World::start(&[Manifest::new("a", &sink).spec("schedule: '@yearly'")]);

    assert_eq!(world.get("/healthz").0, 200);
    world.wait_for_answer("/readyz", 200);
    assert_eq!(world.state("event-test/a")["state"], "idle");
    assert_eq!(world.get("/sources").1["sources"][0]["name"], "a");
    assert_eq!(world.post("/sources/event-test/a/fire").0, 202);
    sink.wait_for(1);
    world.wait_for_state("event-test/a", |state| state["delivered"] == 1);
    let metrics = world.get_text("/metrics");
    assert!(
        metrics.contains("heartbeats_events_delivered_total{tenant=\"event-test\"} 1"),
        "{metrics}"
    );

    assert!(!metrics.contains("source="), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    let by_source = world.get_text("/metrics?by=source");
    for line in [
        "heartbeats_events_delivered_total{tenant=\"event-test\"} 1",
        "heartbeats_source_events_delivered_total{tenant=\"event-test\",source=\"a\"} 1",
        "heartbeats_source_suspended{tenant=\"event-test\",source=\"a\"} 0",
        "heartbeats_attempts_total{outcome=\"delivered\"} 1",
        "heartbeats_limit_hits_total{limit=\"memory\"} 0",
    ] {
        assert!(
            by_source.lines().any(|found| found == line),
            "{line} in {by_source}"
        );
    }

    assert_eq!(world.post("/sources/event-test/a/suspend").0, 202);
    assert_eq!(
        world.post("/sources/event-test/a/fire"),
        (
            409,
            json!({"error": "this source is suspended; resume it first"})
        )
    );
    assert_eq!(world.post("/sources/event-test/a/resume").0, 202);
    assert_eq!(world.state("event-test/a")["state"], "idle");
    assert_eq!(world.post("/sources/event-test/none/fire").0, 404);
}

#[test]
fn asked_to_stop_it_finishes_the_beat_in_flight_and_starts_no_other() {
    let delay = Duration::from_millis(600);
    let sink = Sink::answering(Answer::late(202, delay));
    let world = World::start(&[Manifest::new("a", &sink).spec("schedule: 10ms")]);
    let sent = sink.wait_for(1)[0].at;

    world.signal(Signal::TERM);

    world.wait().succeeded();
    assert!(sent.elapsed() >= delay, "it did not wait for the answer");
    assert_eq!(sink.requests().len(), 1);
}

#[test]
fn shards_share_the_sources() {
    let sink = Sink::answering(202);
    let manifests: Vec<_> = (0..20)
        .map(|n| Manifest::new(&format!("s{n}"), &sink).spec("schedule: 1h"))
        .collect();
    let _worlds = [
        World::with_options(&manifests, &["--shard=0/2"]),
        World::with_options(&manifests, &["--shard=1/2"]),
    ];

    let beats = sink.wait_for(20);

    let mut sources: Vec<_> = beats.iter().map(|beat| beat.header("ce-source")).collect();
    sources.sort();
    sources.dedup();
    assert_eq!(sources.len(), 20, "each by one of them");
}

#[test]
fn check_reports_everything_and_fails() {
    let sink = Sink::answering(202);
    let folder = tempfile::tempdir().unwrap();
    let good = Manifest::new("a", &sink).spec("schedule: 1h").text();
    fs::write(
        folder.path().join("a.yaml"),
        format!("{good}---\nkind: Pod\n"),
    )
    .unwrap();
    fs::write(folder.path().join("b.json"), "{").unwrap();
    let component = folder.path().join("x.wasm");
    fs::write(&component, "none").unwrap();

    let ended = check(&[folder.path(), &component]).failed();

    for told in ["a.yaml:", "kind: ", "b.json:", "x.wasm"] {
        assert!(ended.stderr.contains(told), "{told} in {}", ended.stderr);
    }
    assert_eq!(sink.connections(), 0);
    fs::write(folder.path().join("a.yaml"), good).unwrap();
    fs::remove_file(folder.path().join("b.json")).unwrap();
    check(&[folder.path()]).succeeded();
}

#[test]
fn check_asks_each_component_about_its_settings() {
    let sink = Sink::answering(202);
    let folder = tempfile::tempdir().unwrap();
    let source = |name: &str, component: &Path, flag: &str| {
        let component = component.display();
        Manifest::new(name, &sink)
            .spec(&format!(
                "schedule: 1h, component: {{path: '{component}'}}, args: ['{flag}']"
            ))
            .text()
    };
    let text = [
        source("right", component_file(), "--label=x"),
        source("wrong", component_file(), "--nonsense=x"),
        source("wrong-too", component_file(), "--nonsense=x"),
        source("trapping", guests::doors(), "--label=x"),
        source("command", &guests::one_door("run"), "--nonsense=x"),
    ]
    .concat();
    fs::write(folder.path().join("a.yaml"), text).unwrap();

    let ended = check(&[folder.path()]).failed();

    for (line, name, told) in [
        (7, "wrong", "--nonsense: no such flag"),
        (12, "wrong-too", "--nonsense: no such flag"),
        (17, "trapping", "unreachable"),
    ] {
        let start = format!(
            "a.yaml:{line}: spec: the component of event-test/{name} refuses these settings: "
        );
        let problem = ended
            .stderr
            .lines()
            .find(|problem| problem.contains(&start));
        assert!(
            problem.is_some_and(|problem| problem.contains(told)),
            "{start}{told} in {ended:#?}"
        );
    }
    assert!(
        ended
            .stdout
            .starts_with("2 sources and 0 components are right, 3 problems"),
        "{ended:#?}"
    );
    assert_eq!(sink.connections(), 0);
}

#[test]
fn a_source_whose_component_refuses_its_settings_is_suspended_with_the_reason() {
    let sink = Sink::answering(202);
    let spec = format!(
        "schedule: 1h, component: {{path: '{}'}}, args: ['--nonsense']",
        component_file().display()
    );
    let world = World::start(&[Manifest::new("a", &sink).spec(&spec)]);

    world.wait_for_state("event-test/a", |state| {
        let reason = state["reason"].as_str().unwrap_or_default();
        state["state"] == "suspended" && reason.contains("--nonsense: no such flag")
    });
    assert_eq!(sink.connections(), 0);
}

/// With its sink replaced by the test's own, each example beats.
#[test]
fn the_examples_are_right_and_beat() {
    let folder = root().join("deploy/examples");
    check(&[&folder]).succeeded();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let sink = Sink::answering(202);
        let text = fs::read_to_string(&path).unwrap().replace(
            "http://127.0.0.1:8080/",
            &format!("{}/", sink.url().trim_end_matches('/')),
        );
        let world = World::empty();
        fs::write(world.folder().join(path.file_name().unwrap()), text).unwrap();

        let beat = sink.wait_for(1).remove(0);

        assert!(
            beat.header("ce-source").unwrap().contains("examples/"),
            "{}",
            path.display()
        );
    }
}

//! Components that export only `wasi:cli/run`: each tick is a run to its end, with the component's own retries.

use super::world::{Manifest, World};
use crate::support::{Answer, Sink, guests};

#[test]
fn a_command_runs_once_a_tick_and_tries_again_by_itself() {
    let sink = Sink::script([503.into(), 202.into()]);
    let world = World::start(&[command("a", &sink, "schedule: 1h, args: ['--label=x']")]);

    let beats = sink.wait_for(2);

    assert_eq!(
        (beats[1].id(), &beats[1].body),
        (beats[0].id(), &beats[0].body)
    );
    assert_eq!(beats[0].json()["label"], "x");
    let source = beats[0].header("ce-source").unwrap();
    assert!(source.contains("event-test/a"), "{source}");
    world.wait_for_state("event-test/a", |state| state["delivered"] == 1);
    let state = world.state("event-test/a");
    assert_eq!(
        (&state["state"], &state["givenUp"]),
        (&"idle".into(), &0.into())
    );
    assert_eq!(sink.requests().len(), 2);
}

#[test]
fn each_tick_is_a_run_of_its_own() {
    let sink = Sink::answering(202);
    let _world = World::start(&[command("a", &sink, "schedule: 100ms")]);

    let beats = sink.wait_for(3);

    assert_ne!(beats[0].id(), beats[1].id());
    let sequences: Vec<_> = beats.iter().map(|beat| beat.sequence()).collect();
    assert_eq!(sequences[..3], [1, 1, 1], "a run knows of no other");
}

#[test]
fn a_command_that_fails_is_given_up_with_the_last_answer() {
    let (sink, dead) = (Sink::answering(Answer::from(400)), Sink::answering(202));
    let spec = format!(
        "schedule: 1h, delivery: {{deadLetterSink: {{uri: '{}'}}}}",
        dead.url()
    );
    let world = World::start(&[command("a", &sink, &spec)]);

    let letter = dead.wait_for(1).remove(0);

    assert_eq!(letter.header("ce-knativeerrorcode").as_deref(), Some("400"));
    world.wait_for_state("event-test/a", |state| {
        let reason = state["lastError"]["reason"].as_str().unwrap_or_default();
        state["givenUp"] == 1 && reason.contains("the last answer that it got was 400")
    });
    assert_eq!(sink.requests().len(), 1);
}

#[test]
fn a_command_whose_sink_is_gone_is_suspended() {
    let sink = Sink::answering(410);
    let world = World::start(&[command("a", &sink, "schedule: 50ms")]);

    world.wait_for_state("event-test/a", |state| state["state"] == "suspended");
    assert_eq!(sink.requests().len(), 1);
}

#[test]
fn a_command_that_refuses_its_flags_fails_without_a_request() {
    let sink = Sink::answering(202);
    let world = World::start(&[command("a", &sink, "schedule: 1h, args: ['--nonsense']")]);

    world.said("event-test/a: ");
    world.wait_for_state("event-test/a", |state| {
        let reason = state["lastError"]["reason"].as_str().unwrap_or_default();
        reason.contains("without an answer of its sink")
    });
    assert_eq!(sink.connections(), 0);
}

/// Heartbeats with its `run` door alone.
fn command(name: &str, sink: &Sink, spec: &str) -> Manifest {
    let component = guests::one_door("run");
    Manifest::new(name, sink).spec(&format!(
        "component: {{path: '{}'}}, {spec}",
        component.display()
    ))
}

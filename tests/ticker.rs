//! The ticker door, driven by a host that owns the clock: here a plain wasmtime store with a network of the test's own.

mod world;

use std::time::Duration;

use crate::support::Answer;
use world::{Failure, Tick, World};

#[test]
fn a_tick_that_fires_is_an_event_with_the_ticks_identity() {
    let mut world = World::answering(202);

    assert!(world.fire(&tick(7)).is_ok());

    let [event] = &world.sink.requests()[..] else {
        panic!("one event")
    };
    assert_eq!(event.id(), "beat-7");
    assert_eq!(event.sequence(), 7);
    assert_eq!(
        event.header("ce-time").unwrap(),
        "2026-11-22T19:12:21.959296083Z"
    );
}

#[test]
fn a_tick_that_fires_again_is_the_same_event_again() {
    let mut world = World::answering(503);

    for _ in 0..2 {
        assert!(matches!(world.fire(&tick(1)), Err(Failure::Retryable(_))));
    }
    let mut afresh = World::answering(202);
    assert!(afresh.fire(&tick(1)).is_ok());

    let mut events = world.sink.requests();
    events.extend(afresh.sink.requests());
    let identity = |n: usize| {
        (
            events[n].id(),
            events[n].header("ce-time"),
            events[n].body.clone(),
        )
    };
    assert_eq!(events.len(), 3);
    assert_eq!(identity(0), identity(1), "in the same instance");
    assert_eq!(identity(0), identity(2), "in a fresh instance");
}

#[test]
fn the_answer_tells_whether_to_try_again() {
    type Expected = fn(&Failure) -> bool;
    let table: [(u16, Expected); 6] = [
        (
            503,
            |failure| matches!(failure, Failure::Retryable(r) if r.reason.contains("503") && r.after.is_none()),
        ),
        (404, |failure| matches!(failure, Failure::Retryable(_))),
        (
            400,
            |failure| matches!(failure, Failure::Rejected(r) if r.status == 400),
        ),
        (
            307,
            |failure| matches!(failure, Failure::Rejected(r) if r.status == 307),
        ),
        (
            413,
            |failure| matches!(failure, Failure::Rejected(r) if r.status == 413),
        ),
        (410, |failure| matches!(failure, Failure::Gone)),
    ];
    for (status, expected) in table {
        let mut world = World::answering(status);
        let failure = world.fire(&tick(1)).unwrap_err();
        assert!(expected(&failure), "{status}: {failure:?}");
        assert_eq!(
            world.sink.requests().len(),
            1,
            "the clock and the retries are the host's"
        );
    }
}

#[test]
fn retry_after_is_handed_to_the_host() {
    let mut world = World::answering(Answer::with_header(429, "Retry-After", "7"));

    let Err(Failure::Retryable(retryable)) = world.fire(&tick(1)) else {
        panic!("retryable")
    };

    assert_eq!(
        retryable.after.map(Duration::from_nanos),
        Some(Duration::from_secs(7))
    );
}

#[test]
fn a_check_sends_nothing() {
    let mut world = World::answering(202);

    assert_eq!(world.check(), Ok(()));

    assert_eq!(world.sink.connections(), 0);
}

#[test]
fn settings_that_cannot_work_are_told_and_nothing_is_sent() {
    let mut world = World::with_flags(202, &["--period=0"]);

    let told = world.check().unwrap_err();
    let Err(Failure::Misconfigured(reason)) = world.fire(&tick(1)) else {
        panic!("misconfigured")
    };

    assert!(
        told.contains("period") && reason.contains("period"),
        "{told:?} {reason:?}"
    );
    assert_eq!(world.sink.connections(), 0);
}

#[test]
fn a_trap_behind_the_door_is_an_error_of_that_instance_alone() {
    let mut trapping = World::trapping();
    let mut world = World::answering(202);

    let trap = trapping.try_fire(&tick(1)).unwrap_err();

    assert!(format!("{trap:#}").contains("unreachable"), "{trap:#}");
    assert!(world.fire(&tick(1)).is_ok());
    assert_eq!(trapping.sink.connections(), 0);
}

fn tick(sequence: u64) -> Tick {
    Tick {
        id: format!("beat-{sequence}"),
        sequence,
        due: 1_795_374_741_959_296_083,
    }
}

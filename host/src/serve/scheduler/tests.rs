use std::time::Duration;

use super::*;
use crate::manifest::documents;

const SECOND: u64 = 1_000_000_000;
/// Sunday, 22 November 2026, 12:00:00 UTC.
const NOON: u64 = 1_795_348_800 * SECOND;

/// The scheduler and a clock of the test's own.
struct World {
    scheduler: Scheduler<()>,
    now: Now,
}

impl World {
    fn new() -> Self {
        Self::with_limits(TenantLimits::default())
    }

    fn with_limits(limits: TenantLimits) -> Self {
        let mut random = fastrand::Rng::with_seed(1);
        Self {
            scheduler: Scheduler::new(limits, 1_000, move || random.u128(..)),
            now: Now {
                mono: 0,
                wall: NOON,
            },
        }
    }

    fn set(&mut self, name: &str, spec: &str) -> Arc<Key> {
        let text = format!(
            "{{apiVersion: sources.heartbeats.dev/v1alpha1, kind: WasmSource, metadata: {{name: {name}, namespace: t}}, \
             spec: {{sink: {{uri: 'http://sink'}}, {spec}}}}}"
        );
        let source = documents(&text).next().unwrap().unwrap();
        let key = Arc::new(source.key);
        let spec = Spec {
            key: key.clone(),
            shared: Arc::new(Shared {
                settings: source.settings,
                runnable: (),
            }),
            suspend: source.suspend.then(|| "suspended by its manifest".into()),
        };
        self.scheduler.set(spec, self.now);
        key
    }

    fn pass(&mut self, time: Duration) {
        self.now.mono += time.as_nanos() as u64;
        self.now.wall += time.as_nanos() as u64;
    }

    /// The beats that begin now.
    fn jobs(&mut self) -> Vec<Job<()>> {
        self.scheduler.advance(self.now);
        std::iter::from_fn(|| self.scheduler.next_job(self.now)).collect()
    }

    fn job(&mut self) -> Job<()> {
        let mut jobs = self.jobs();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.remove(0)
    }

    fn finish(&mut self, job: &Job<()>, outcome: Outcome) -> Vec<Note> {
        self.scheduler.finished(job.ticket, outcome, self.now);
        self.scheduler.take_notes()
    }

    /// Lets time pass up to the next beat.
    fn next_job(&mut self) -> Job<()> {
        for _ in 0..1_000 {
            if let Some(job) = self.jobs().pop() {
                return job;
            }
            let wakes = self.scheduler.wakes().expect("something to come");
            self.pass(Duration::from_nanos(wakes.saturating_sub(self.now.mono)));
        }
        panic!("no beat comes")
    }

    fn state(&self, key: &Key) -> State {
        self.scheduler.view(key, self.now).unwrap().state
    }
}

fn error(reason: &str) -> Error {
    Error {
        status: Some(503),
        reason: reason.into(),
    }
}

fn retryable() -> Outcome {
    Err(Failure::Retryable {
        error: error("busy"),
        after: None,
    })
}

#[test]
fn an_interval_beats_at_once_and_then_on_its_grid() {
    let mut world = World::new();
    world.set("a", "schedule: 5s");
    for sequence in 1..4 {
        let job = world.next_job();
        assert_eq!(job.sequence, sequence);
        assert_eq!(job.due, NOON + (sequence - 1) * 5 * SECOND);
        world.pass(Duration::from_millis(700));
        world.finish(&job, Ok(()));
    }
}

#[test]
fn jitter_spreads_the_first_beats_of_a_crowd() {
    let mut world = World::new();
    for n in 0..1_000 {
        world.set(&format!("s{n}"), "schedule: 1h, startJitter: 10s");
    }
    world.pass(Duration::from_secs(1));
    let first_second = world.jobs().len();
    assert!((50..150).contains(&first_second), "{first_second}");
}

#[test]
fn cron_does_not_beat_at_once() {
    let mut world = World::new();
    world.set("a", "schedule: '0 13 * * *', timezone: UTC");
    assert!(world.jobs().is_empty());
    let job = world.next_job();
    assert_eq!(job.due, NOON + 3600 * SECOND);
    assert_eq!(world.now.wall, job.due);
}

#[test]
fn a_clock_that_is_set_moves_cron() {
    let mut world = World::new();
    world.set("a", "schedule: '0 13 * * *'");
    world.jobs();
    world.now.wall += 1800 * SECOND;
    world.jobs();
    let job = world.next_job();
    assert_eq!(world.now.mono, 1800 * SECOND, "{job:?}");
}

#[test]
fn a_retry_is_the_same_tick_and_the_grid_goes_on() {
    let mut world = World::new();
    world.set("a", "schedule: 5s");
    let first = world.next_job();
    assert!(world.finish(&first, retryable()).is_empty());
    let again = world.next_job();
    assert_eq!(
        (again.id, again.sequence, again.due),
        (first.id, first.sequence, first.due)
    );
    assert!(world.now.mono <= 50_000_000, "within the first back-off");
    world.finish(&again, Ok(()));
    assert_eq!(world.next_job().due, NOON + 5 * SECOND);
}

#[test]
fn ticks_that_fall_due_meanwhile_become_one_and_are_counted() {
    let mut world = World::new();
    let key = world.set("a", "schedule: 1s");
    let job = world.next_job();
    world.pass(Duration::from_millis(3_500));
    assert!(world.jobs().is_empty(), "one call at a time");
    world.finish(&job, Ok(()));
    let pending = world.job();
    assert_eq!((pending.sequence, pending.due), (2, NOON + 3 * SECOND));
    assert_eq!(world.scheduler.view(&key, world.now).unwrap().missed, 2);
    world.finish(&pending, Ok(()));
    assert_eq!(world.next_job().due, NOON + 4 * SECOND);
}

#[test]
fn after_its_retries_an_event_goes_to_the_dead_letter_sink() {
    let mut world = World::new();
    let key = world.set(
        "a",
        "schedule: 1h, delivery: {retry: 2, deadLetterSink: {uri: 'http://dead'}}",
    );
    let mut job = world.next_job();
    let id = job.id;
    for _ in 0..2 {
        assert!(world.finish(&job, retryable()).is_empty());
        job = world.next_job();
    }
    let notes = world.finish(&job, retryable());
    assert!(
        matches!(
            &notes[..],
            [Note::GivenUp {
                dead_letter: true,
                ..
            }]
        ),
        "{notes:?}"
    );
    let dead = world.job();
    assert_eq!((dead.id, dead.dead.as_deref()), (id, Some(&error("busy"))));
    assert!(world.finish(&dead, Ok(())).is_empty());
    let view = world.scheduler.view(&key, world.now).unwrap();
    assert_eq!(
        (view.delivered, view.given_up, view.state),
        (0, 1, State::Idle)
    );
    assert_eq!(world.scheduler.tenant_views()[0].dead_lettered, 1);
}

#[test]
fn without_a_dead_letter_sink_an_event_is_given_up_and_the_source_goes_on() {
    let mut world = World::new();
    world.set("a", "schedule: 1h, delivery: {retry: 0}");
    let job = world.next_job();
    let notes = world.finish(&job, retryable());
    assert!(
        matches!(
            &notes[..],
            [Note::GivenUp {
                dead_letter: false,
                ..
            }]
        ),
        "{notes:?}"
    );
    assert_eq!(world.next_job().sequence, 2);
}

#[test]
fn a_sink_that_is_gone_suspends_its_source_with_the_reason() {
    let mut world = World::new();
    let key = world.set("a", "schedule: 1s");
    let job = world.next_job();
    let notes = world.finish(&job, Err(Failure::Gone(error("gone"))));
    assert!(
        matches!(&notes[..], [Note::GivenUp { .. }, Note::Suspended { .. }]),
        "{notes:?}"
    );
    world.pass(Duration::from_secs(60));
    assert!(world.jobs().is_empty());
    assert_eq!(
        world
            .scheduler
            .view(&key, world.now)
            .unwrap()
            .reason
            .as_deref(),
        Some("gone")
    );
    world.scheduler.resume(&key, world.now).unwrap();
    assert_eq!(world.job().sequence, 2);
}

#[test]
fn what_is_set_again_unchanged_keeps_all_and_what_is_changed_its_sequence() {
    let mut world = World::new();
    let key = world.set("a", "schedule: 10s");
    let job = world.next_job();
    world.finish(&job, Ok(()));
    world.pass(Duration::from_secs(3));
    world.set("a", "schedule: 10s, args: ['--label=new']");
    assert!(world.jobs().is_empty(), "the schedule did not change");
    world.set("a", "schedule: 20s, args: ['--label=new']");
    let job = world.job();
    assert_eq!(job.sequence, 2);
    world.finish(&job, Ok(()));
    world.set("a", "schedule: 20s, suspend: true");
    assert_eq!(world.state(&key), State::Suspended);
    world.set("a", "schedule: 20s");
    assert_eq!(world.job().sequence, 3);
}

#[test]
fn a_source_that_is_taken_away_beats_no_more_and_its_place_is_used_again() {
    let mut world = World::new();
    let (waiting, flying) = (
        world.set("a", "schedule: 1s"),
        world.set("b", "schedule: 1s"),
    );
    world.scheduler.advance(world.now);
    let job = world.scheduler.next_job(world.now).unwrap();
    for key in [&waiting, &flying] {
        world.scheduler.remove(key, world.now);
    }
    assert!(world.jobs().is_empty());
    world.set("c", "schedule: 1h");
    world.finish(&job, Err(Failure::Gone(error("late"))));
    assert_eq!(world.job().key.name, "c".into());
    assert_eq!((world.scheduler.len(), world.scheduler.in_flight()), (1, 1));
}

#[test]
fn fire_suspend_and_resume_are_refused_where_they_make_no_sense() {
    let mut world = World::new();
    let key = world.set("a", "schedule: '@yearly'");
    let unknown = Key {
        namespace: "t".into(),
        name: "none".into(),
    };
    assert_eq!(
        world.scheduler.fire(&unknown, world.now),
        Err(Refused::Unknown)
    );
    assert_eq!(world.scheduler.fire(&key, world.now), Ok(()));
    assert_eq!(world.scheduler.fire(&key, world.now), Err(Refused::Busy));
    let job = world.job();
    world.scheduler.suspend(&key, "by hand").unwrap();
    assert_eq!(world.scheduler.fire(&key, world.now), Err(Refused::Busy));
    world.finish(&job, retryable());
    assert_eq!(
        world.state(&key),
        State::Suspended,
        "no retry of a source that was suspended"
    );
    assert_eq!(
        world.scheduler.fire(&key, world.now),
        Err(Refused::Suspended)
    );
    world.scheduler.resume(&key, world.now).unwrap();
    assert_eq!(world.state(&key), State::Idle);
}

#[test]
fn beyond_its_sources_a_tenant_is_refused_until_there_is_room() {
    let mut world = World::with_limits(TenantLimits {
        sources: 1,
        ..TenantLimits::default()
    });
    let (first, second) = (
        world.set("a", "schedule: 1h"),
        world.set("b", "schedule: 1h"),
    );
    assert_eq!(world.job().key, first);
    assert_eq!(world.state(&second), State::Suspended);
    world.scheduler.remove(&first, world.now);
    assert_eq!(world.job().key, second);
}

#[test]
fn a_source_that_is_one_too_many_is_admitted_by_nothing_but_room() {
    let mut world = World::with_limits(TenantLimits {
        sources: 1,
        ..TenantLimits::default()
    });
    let first = world.set("a", "schedule: 1h");
    let others = ["b", "c"].map(|name| world.set(name, "schedule: 1h, suspend: true"));
    let [second, third] = &others;
    assert_eq!(world.job().key, first);
    for name in ["b", "c"] {
        world.set(name, "schedule: 2h");
    }
    let now = world.now;
    assert_eq!(world.scheduler.resume(second, now), Err(Refused::OverLimit));
    assert_eq!(
        world.scheduler.suspend(second, "why"),
        Err(Refused::OverLimit)
    );
    assert_eq!(world.scheduler.fire(second, now), Err(Refused::Suspended));
    world.scheduler.remove(second, now);
    assert_eq!(world.jobs().len(), 0);
    assert_eq!(world.state(third), State::Suspended);
    world.set("c", "schedule: 2h, suspend: true");
    world.scheduler.remove(&first, now);
    assert_eq!(world.jobs().len(), 0, "its manifest says that it rests");
    world.set("c", "schedule: 2h");
    assert_eq!(&world.job().key, third);
}

#[test]
fn a_tick_that_waits_when_its_source_is_suspended_is_given_up_and_told() {
    let mut world = World::new();
    let key = world.set("a", "schedule: 1h");
    let job = world.job();
    world.finish(&job, retryable());
    world.scheduler.suspend(&key, "why").unwrap();
    let notes = world.scheduler.take_notes();
    assert!(
        matches!(&notes[..], [Note::GivenUp { id, reason, .. }] if *id == job.id && &**reason == "why"),
        "{notes:?}"
    );
    let view = world.scheduler.view(&key, world.now).unwrap();
    assert_eq!((view.given_up, view.attempts), (1, 0));
    assert_eq!(view.last_outcome, Some(LastOutcome::GivenUp));
    assert_eq!(world.scheduler.pending().count(), 0);
}

#[test]
fn at_the_end_what_has_begun_goes_on_and_nothing_begins() {
    let mut world = World::new();
    let key = world.set(
        "a",
        "schedule: 1s, delivery: {deadLetterSink: {uri: 'http://dead'}}",
    );
    let job = world.job();
    world.scheduler.drain();
    world.finish(&job, retryable());
    let again = world.next_job();
    assert_eq!(again.id, job.id);
    world.finish(&again, Err(Failure::Final(error("no"))));
    let letter = world.next_job();
    assert!(letter.dead.is_some());
    assert_eq!(
        world.scheduler.pending().collect::<Vec<_>>(),
        [(&key, job.id)]
    );
    world.finish(&letter, Ok(()));
    assert_eq!(world.scheduler.pending().count(), 0);
    world.pass(Duration::from_secs(10));
    assert_eq!(world.jobs().len(), 0);
    let view = world.scheduler.view(&key, world.now).unwrap();
    assert_eq!(view.last_outcome, Some(LastOutcome::DeadLettered));
}

#[test]
fn the_longest_wait_does_not_come_round_to_now() {
    let mut world = World::new();
    world.set("a", "schedule: 1h, delivery: {retryAfterMax: P300000D}");
    let job = world.job();
    let failure = Failure::Retryable {
        error: error("not now"),
        after: Some(Duration::from_nanos(u64::MAX)),
    };
    world.finish(&job, Err(failure));
    world.pass(Duration::from_secs(60));
    assert_eq!(world.jobs().len(), 0);
}

#[test]
fn pages_go_through_all_sources() {
    let mut world = World::new();
    (0..5).for_each(|n| drop(world.set(&format!("s{n}"), "schedule: 1h")));
    let (first, next) = world.scheduler.page(0, 3, world.now);
    let (second, end) = world.scheduler.page(next.unwrap(), 3, world.now);
    assert_eq!((first.len(), second.len(), end), (3, 2, None));
}

#[test]
fn a_sink_that_is_away_is_not_overrun_then_nor_when_it_returns() {
    const SOURCES: u64 = 3_000;
    const PERIOD: u64 = 10;
    const STEP: Duration = Duration::from_millis(10);
    let mut world = World::new();
    for source in 0..SOURCES {
        let spec = format!("schedule: {PERIOD}s, startJitter: {PERIOD}s");
        world.set(&format!("a{source}"), &spec);
    }
    // What comes to the sink in each second, and what the operator is told.
    let mut notes = Vec::new();
    let mut second = |world: &mut World, down: bool| {
        let mut jobs = 0;
        for _ in 0..100 {
            for job in world.jobs() {
                jobs += 1;
                notes.extend(world.finish(&job, if down { retryable() } else { Ok(()) }));
            }
            world.pass(STEP);
        }
        jobs
    };
    for outage in [1, 3, 30, 600] {
        let missed = world.scheduler.tenant_views()[0].missed;
        for _ in 0..60 {
            second(&mut world, false);
        }
        for (down, seconds) in [(true, outage), (false, 60)] {
            let peak = (0..seconds).map(|_| second(&mut world, down)).max();
            println!("{outage} s, down {down}: {peak:?}");
            assert!(
                peak < Some(SOURCES / PERIOD * 2),
                "{outage} s, down {down}: {peak:?}"
            );
        }
        let missed = world.scheduler.tenant_views()[0].missed - missed;
        assert_eq!(missed > 0, outage > 3, "{outage} s: {missed} missed");
    }
    let told = |note: &&Note| matches!(note, Note::SinkAway { .. } | Note::SinkBack { .. });
    let told: Vec<_> = notes.iter().filter(told).collect();
    assert_eq!(told.len(), 2 * 4, "{told:?}");
    assert!(
        matches!(&told[..2], [Note::SinkAway { sink, .. }, Note::SinkBack { away, .. }]
            if sink == "http://sink/" && away.as_millis() > 900),
        "{told:?}"
    );
}

#[test]
fn a_refusal_tells_that_the_sink_is_there_and_a_trap_tells_nothing() {
    for (status, tried_soon) in [(Some(400), true), (None, false)] {
        let mut world = World::new();
        for source in 0..200 {
            world.set(&format!("a{source}"), "schedule: 1h, startJitter: 10s");
        }
        world.set("other", "schedule: 20s");
        let other = world.job();
        world.pass(Duration::from_secs(10));
        let mut jobs = world.jobs();
        let last = jobs.pop().unwrap();
        for job in &jobs {
            world.finish(job, retryable());
        }
        let failure = Error {
            status,
            ..error("refused or trapped")
        };
        world.finish(&other, Err(Failure::Final(failure)));
        world.pass(Duration::from_secs(5));
        world.finish(&last, retryable());
        world.pass(Duration::from_millis(60));
        let again = world.jobs().iter().any(|job| job.key == last.key);
        assert_eq!(again, tried_soon, "{status:?}");
    }
}

#[test]
fn ticks_between_the_attempts_of_another_are_missed() {
    let mut world = World::new();
    let key = world.set("a", "schedule: 10ms");
    let first = world.next_job();
    world.finish(&first, retryable());
    world.pass(Duration::from_millis(57));
    let again = world.next_job();
    assert_eq!(again.sequence, first.sequence);
    world.finish(&again, Ok(()));
    let next = world.next_job();
    assert_eq!(next.due, NOON + 60_000_000);
    assert_eq!(world.scheduler.view(&key, world.now).unwrap().missed, 5);
}

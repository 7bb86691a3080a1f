//! One source between its beats. There are a great many, so it is small.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::outcome::Error;
use super::tenants::TenantId;
use super::time::{Now, nanos};
use super::{Shared, Spec};
use crate::manifest::{Key, Schedule};
use crate::serve::shard::hash;

/// A source.
pub(super) struct Entry<R> {
    pub(super) key: Arc<Key>,
    pub(super) shared: Arc<Shared<R>>,
    pub(super) tenant: TenantId,
    pub(super) phase: Phase,
    /// Why it should rest by its manifest.
    pub(super) suspend: Option<Arc<str>>,
    /// Why it is suspended, for whatever reason; a beat in flight may not have ended.
    pub(super) why: Option<Box<str>>,
    /// Of the last tick.
    pub(super) sequence: u64,
    /// When the next tick is due: on the monotonic clock for intervals, on the wall clock for cron.
    next: u64,
    pub(super) tick: Option<Box<Tick>>,
    pub(super) delivered: u64,
    pub(super) missed: u64,
    pub(super) given_up: u64,
    pub(super) last_outcome: Option<LastOutcome>,
    pub(super) last_error: Option<Box<LastError>>,
}

/// What became of the last attempt, or of the tick that waited for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum LastOutcome {
    /// The sink took the event.
    Delivered,
    /// It will be tried again.
    Retrying,
    /// It will not, but for the dead letter sink.
    GivenUp,
    /// The dead letter sink took the event.
    DeadLettered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Waiting,
    InFlight,
    BackOff,
    Suspended,
}

/// A tick that is due and not yet done.
pub(super) struct Tick {
    pub(super) id: u128,
    pub(super) sequence: u64,
    /// On the wall clock.
    pub(super) due: u64,
    /// Attempts that have failed, at the sink or else at the dead letter sink.
    pub(super) failed: u32,
    pub(super) dead: Option<Box<Error>>,
}

/// The last attempt that failed.
pub(super) struct LastError {
    /// On the wall clock.
    pub(super) at: u64,
    pub(super) reason: Box<str>,
}

impl<R> Entry<R> {
    pub(super) fn new(spec: Spec<R>, tenant: TenantId) -> Self {
        Self {
            key: spec.key,
            shared: spec.shared,
            tenant,
            phase: Phase::Idle,
            suspend: spec.suspend,
            why: None,
            sequence: 0,
            next: 0,
            tick: None,
            delivered: 0,
            missed: 0,
            given_up: 0,
            last_outcome: None,
            last_error: None,
        }
    }

    pub(super) fn is_cron(&self) -> bool {
        matches!(self.shared.settings.schedule, Schedule::Cron(_))
    }

    /// An interval beats at once, but for the jitter, which is a source's own and always the same.
    pub(super) fn begin_schedule(&mut self, now: Now) {
        let settings = &self.shared.settings;
        self.next = match &settings.schedule {
            Schedule::Every(_) => {
                let jitter = u128::from(nanos(settings.start_jitter)) * u128::from(hash(&self.key));
                now.mono + (jitter >> 64) as u64
            }
            Schedule::Cron(cron) => cron.next(now.wall).unwrap_or(u64::MAX),
        };
    }

    /// When the tick that is due by now was due, on the wall clock, and how many before it were missed. The schedule goes on
    /// behind it.
    pub(super) fn take_due(&mut self, now: Now) -> Option<(u64, u64)> {
        match &self.shared.settings.schedule {
            Schedule::Every(every) => {
                let late = now.mono.checked_sub(self.next)?;
                let every = nanos(*every).max(1);
                let missed = late / every;
                let due = self.next + missed * every;
                self.next = due + every;
                Some((now.wall_at(due), missed))
            }
            Schedule::Cron(cron) => {
                if now.wall < self.next {
                    return None;
                }
                let (mut due, mut missed) = (self.next, 0);
                loop {
                    self.next = cron.next(due).unwrap_or(u64::MAX);
                    if self.next > now.wall {
                        return Some((due, missed));
                    }
                    due = self.next;
                    missed += 1;
                }
            }
        }
    }

    /// From the next tick to the one after it.
    pub(super) fn interval(&self) -> Duration {
        match &self.shared.settings.schedule {
            Schedule::Every(every) => *every,
            Schedule::Cron(cron) => {
                let after = cron.next(self.next).unwrap_or(u64::MAX);
                Duration::from_nanos(after.saturating_sub(self.next))
            }
        }
    }

    /// When the next tick is due, on the monotonic clock.
    pub(super) fn next_mono(&self, now: Now) -> Option<u64> {
        match self.shared.settings.schedule {
            Schedule::Every(_) => Some(self.next),
            Schedule::Cron(_) if self.next == u64::MAX => None,
            Schedule::Cron(_) => Some(now.mono + self.next.saturating_sub(now.wall)),
        }
    }

    /// When the next tick is due, on the wall clock.
    pub(super) fn next_wall(&self, now: Now) -> u64 {
        match self.shared.settings.schedule {
            Schedule::Every(_) => now.wall_at(self.next),
            Schedule::Cron(_) => self.next,
        }
    }

    /// `due` is on the wall clock.
    pub(super) fn start_tick(&mut self, id: u128, due: u64) {
        self.sequence += 1;
        self.tick = Some(Box::new(Tick {
            id,
            sequence: self.sequence,
            due,
            failed: 0,
            dead: None,
        }));
    }
}

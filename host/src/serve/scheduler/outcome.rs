//! What becomes of a beat.

use std::sync::Arc;
use std::time::Duration;

use super::entry::{Entry, LastError, LastOutcome, Tick};
use super::sinks::{Away, Sinks};
use super::time::{MILLISECOND, nanos};
use super::{Now, Phase, Scheduler, Ticket, retry};
use crate::manifest::Key;

/// How a beat ended.
pub(crate) type Outcome = Result<(), Failure>;

/// Why a beat did not deliver its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A later attempt may succeed.
    Retryable {
        /// Why it failed.
        error: Error,
        /// How long the sink asks to wait.
        after: Option<Duration>,
    },
    /// A later attempt would fail too.
    Final(Error),
    /// The sink is gone for good: the source stops.
    Gone(Error),
    /// The source's own settings cannot work: it stops.
    Misconfigured(Error),
}

/// Why an event was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    /// The sink's answer, if there was one.
    pub status: Option<u16>,
    /// For people, on one line.
    pub reason: Box<str>,
}

/// What an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// An event was given up, here or to the dead letter sink.
    GivenUp {
        /// The source.
        key: Arc<Key>,
        /// The event.
        id: u128,
        /// Why.
        reason: Box<str>,
        /// It goes to the dead letter sink.
        dead_letter: bool,
    },
    /// Sources that found no sink will ask for it less often.
    SinkAway {
        /// Their namespace.
        namespace: Box<str>,
        /// The sink of one of them, its URL without secrets.
        sink: String,
        /// What one of them was told.
        reason: Box<str>,
    },
    /// The sink has answered.
    SinkBack {
        /// Its sources' namespace.
        namespace: Box<str>,
        /// The sink of one of them, its URL without secrets.
        sink: String,
        /// How long it was away.
        away: Duration,
    },
    /// A source was suspended.
    Suspended {
        /// The source.
        key: Arc<Key>,
        /// Why.
        reason: Box<str>,
    },
}

impl<R> Scheduler<R> {
    /// Takes the outcome of a beat.
    pub(in crate::serve) fn finished(&mut self, ticket: Ticket, outcome: Outcome, now: Now) {
        self.tenants.done(ticket.tenant);
        if self.generations[ticket.slot as usize] == ticket.generation {
            self.take(ticket, outcome, now);
        }
    }

    fn take(&mut self, ticket: Ticket, outcome: Outcome, now: Now) {
        let slot = ticket.slot;
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        let Some(tick) = entry.tick.take() else {
            return;
        };
        let away = news_of_sink(
            &mut self.sinks,
            entry,
            &tick,
            &outcome,
            now,
            &mut self.notes,
        );
        // A source that was suspended meanwhile does not try again.
        let tries_again = tick.failed < entry.shared.settings.delivery.retry && entry.why.is_none();
        match outcome {
            Ok(()) => self.delivered(slot, &tick, now),
            Err(Failure::Retryable { error, after }) if tries_again => {
                self.retry(slot, tick, &error, after, away, now);
            }
            Err(Failure::Retryable { error, .. } | Failure::Final(error)) => {
                self.give_up(slot, tick, error, false, now);
            }
            Err(Failure::Gone(error) | Failure::Misconfigured(error)) => {
                self.give_up(slot, tick, error, true, now);
            }
        }
    }

    fn delivered(&mut self, slot: u32, tick: &Tick, now: Now) {
        if let Some(entry) = &mut self.entries[slot as usize] {
            let counts = &mut self.tenants.get(entry.tenant).counts;
            if tick.dead.is_some() {
                counts.dead_lettered += 1;
                entry.last_outcome = Some(LastOutcome::DeadLettered);
            } else {
                entry.last_outcome = Some(LastOutcome::Delivered);
                entry.delivered += 1;
                counts.delivered += 1;
            }
        }
        self.go_on(slot, tick, now);
    }

    fn retry(
        &mut self,
        slot: u32,
        mut tick: Box<Tick>,
        error: &Error,
        after: Option<Duration>,
        away: Option<Away>,
        now: Now,
    ) {
        let random = (self.chance)() as u64;
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        tick.failed += 1;
        self.tenants.get(entry.tenant).counts.retried += 1;
        let mut wait = retry::wait(&entry.shared.settings.delivery, tick.failed, after, random);
        if let Some(away) = away {
            wait = wait.max(retry::wait_for_sink(away.time, entry.interval(), random));
        }
        entry.last_outcome = Some(LastOutcome::Retrying);
        entry.last_error = Some(Box::new(LastError::new(now, error)));
        entry.tick = Some(tick);
        entry.phase = Phase::BackOff;
        self.wheel
            .set(slot, (now.mono + nanos(wait)).div_ceil(MILLISECOND));
    }

    /// The event goes to the dead letter sink, or is gone. `stops`: the source rests from now on.
    fn give_up(&mut self, slot: u32, mut tick: Box<Tick>, error: Error, stops: bool, now: Now) {
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        entry.last_outcome = Some(LastOutcome::GivenUp);
        entry.last_error = Some(Box::new(LastError::new(now, &error)));
        let is_first = tick.dead.is_none();
        let dead_letter = is_first && entry.shared.settings.delivery.dead_letter_sink.is_some();
        self.notes.push(Note::GivenUp {
            key: entry.key.clone(),
            id: tick.id,
            reason: error.reason.clone(),
            dead_letter,
        });
        if is_first {
            entry.given_up += 1;
            self.tenants.get(entry.tenant).counts.given_up += 1;
        }
        if is_first && stops {
            entry.why = Some(error.reason.clone());
            self.notes.push(Note::Suspended {
                key: entry.key.clone(),
                reason: error.reason.clone(),
            });
        }
        if dead_letter {
            tick.failed = 0;
            tick.dead = Some(Box::new(error));
            entry.tick = Some(tick);
            self.enqueue(slot);
        } else {
            self.go_on(slot, &tick, now);
        }
    }

    /// After a tick is done.
    fn go_on(&mut self, slot: u32, tick: &Tick, now: Now) {
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        // To make up for what fell due between the attempts would double the load of a sink that has just come back.
        if (tick.failed > 0 || tick.dead.is_some())
            && let Some((_, before)) = entry.take_due(now)
        {
            entry.missed += before + 1;
            self.tenants.get(entry.tenant).counts.missed += before + 1;
        }
        if entry.why.is_some() {
            entry.phase = Phase::Suspended;
        } else {
            entry.phase = Phase::Idle;
            self.settle(slot, now);
        }
    }
}

/// What the outcome tells of the sink that the event went to.
fn news_of_sink<R>(
    sinks: &mut Sinks,
    entry: &Entry<R>,
    tick: &Tick,
    outcome: &Outcome,
    now: Now,
    notes: &mut Vec<Note>,
) -> Option<Away> {
    let sink = entry.shared.settings.destination(tick.dead.is_some());
    let namespace = || entry.key.namespace.clone();
    match outcome {
        Err(Failure::Retryable { error, .. }) => {
            let away = sinks.failed(entry.tenant, sink, now.mono)?;
            if away.is_news {
                notes.push(Note::SinkAway {
                    namespace: namespace(),
                    sink: sink.shown(),
                    reason: error.reason.clone(),
                });
            }
            Some(away)
        }
        // Whatever that was, it was not the sink.
        Err(Failure::Final(Error { status: None, .. }) | Failure::Misconfigured(_)) => None,
        Ok(()) | Err(Failure::Final(_) | Failure::Gone(_)) => {
            if let Some(away) = sinks.answered(entry.tenant, sink, now.mono) {
                notes.push(Note::SinkBack {
                    namespace: namespace(),
                    sink: sink.shown(),
                    away,
                });
            }
            None
        }
    }
}

impl LastError {
    fn new(now: Now, error: &Error) -> Self {
        Self {
            at: now.wall,
            reason: error.reason.clone(),
        }
    }
}

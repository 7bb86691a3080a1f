//! What becomes of a beat.

use std::sync::Arc;
use std::time::Duration;

use super::entry::{LastError, Tick};
use super::{Now, Phase, Scheduler, Ticket, retry};
use crate::manifest::Key;

/// How a beat ended.
pub type Outcome = Result<(), Failure>;

/// Why a beat did not deliver its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
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
pub struct Error {
    /// The sink's answer, if there was one.
    pub status: Option<u16>,
    /// For people, on one line.
    pub reason: Box<str>,
}

/// What an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
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
    /// Takes the outcome of a beat, and says what an operator should know.
    pub fn finished(&mut self, ticket: Ticket, outcome: Outcome, now: Now) -> Vec<Note> {
        self.in_flight -= 1;
        self.tenants.done(ticket.tenant);
        let mut notes = Vec::new();
        if self.generations[ticket.slot as usize] == ticket.generation {
            self.take(ticket, outcome, now, &mut notes);
        }
        notes
    }

    fn take(&mut self, ticket: Ticket, outcome: Outcome, now: Now, notes: &mut Vec<Note>) {
        let random = (self.chance)() as u64;
        let Some(entry) = &mut self.entries[ticket.slot as usize] else {
            return;
        };
        let Some(mut tick) = entry.tick.take() else {
            return;
        };
        let sink = entry.shared.settings.destination(tick.dead.is_some());
        let away = match &outcome {
            Err(Failure::Retryable { error, .. }) => {
                let away = self.sinks.failed(ticket.tenant, sink, now.mono);
                if away.as_ref().is_some_and(|away| away.is_news) {
                    notes.push(Note::SinkAway {
                        namespace: entry.key.namespace.clone(),
                        sink: sink.shown(),
                        reason: error.reason.clone(),
                    });
                }
                away
            }
            // Whatever that was, it was not the sink.
            Err(Failure::Final(Error { status: None, .. }) | Failure::Misconfigured(_)) => None,
            Ok(()) | Err(Failure::Final(_) | Failure::Gone(_)) => {
                if let Some(away) = self.sinks.answered(ticket.tenant, sink, now.mono) {
                    notes.push(Note::SinkBack {
                        namespace: entry.key.namespace.clone(),
                        sink: sink.shown(),
                        away,
                    });
                }
                None
            }
        };
        let counts = &mut self.tenants.get(ticket.tenant).counts;
        let failure = match outcome {
            Ok(()) => {
                if tick.dead.is_some() {
                    counts.dead_lettered += 1;
                } else {
                    entry.delivered += 1;
                    counts.delivered += 1;
                }
                return self.go_on(ticket.slot, &tick, now);
            }
            Err(failure) => failure,
        };
        let delivery = &entry.shared.settings.delivery;
        let (error, stop) = match failure {
            // A source that was suspended meanwhile does not try again.
            Failure::Retryable { error, after }
                if tick.failed < delivery.retry && entry.why.is_none() =>
            {
                entry.last_error = Some(Box::new(LastError::new(now, &error)));
                tick.failed += 1;
                counts.retried += 1;
                let mut wait = retry::wait(delivery, tick.failed, after, random);
                if let Some(away) = away {
                    wait = wait.max(retry::wait_for_sink(away.time, entry.interval(), random));
                }
                entry.tick = Some(tick);
                entry.phase = Phase::BackOff;
                let at = now.mono + u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
                return self.wheel.set(ticket.slot, at.div_ceil(1_000_000));
            }
            Failure::Retryable { error, .. } | Failure::Final(error) => (error, false),
            Failure::Gone(error) | Failure::Misconfigured(error) => (error, true),
        };
        entry.last_error = Some(Box::new(LastError::new(now, &error)));
        let dead_letter = tick.dead.is_none() && delivery.dead_letter_sink.is_some();
        notes.push(Note::GivenUp {
            key: entry.key.clone(),
            id: tick.id,
            reason: error.reason.clone(),
            dead_letter,
        });
        if tick.dead.is_none() {
            entry.given_up += 1;
            counts.given_up += 1;
            if stop {
                entry.why = Some(error.reason.clone());
                notes.push(Note::Suspended {
                    key: entry.key.clone(),
                    reason: error.reason.clone(),
                });
            }
        }
        if dead_letter {
            tick.failed = 0;
            tick.dead = Some(Box::new(error));
            entry.tick = Some(tick);
            return self.enqueue(ticket.slot);
        }
        self.go_on(ticket.slot, &tick, now);
    }

    /// After a tick is done.
    fn go_on(&mut self, slot: u32, tick: &Tick, now: Now) {
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        // To make up for what fell due between the attempts would double the load of a sink that has just come back.
        if (tick.failed > 0 || tick.dead.is_some())
            && let Some((_, before)) = entry.due(now)
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

impl LastError {
    fn new(now: Now, error: &Error) -> Self {
        Self {
            at: now.wall,
            reason: error.reason.clone(),
        }
    }
}

//! What can be seen of the sources from outside.

use serde::Serialize;

use super::entry::{Entry, LastOutcome, Phase};
use super::tenants::Tenant;
use super::{Now, Scheduler};
use crate::manifest::Key;

/// One source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct View {
    /// The tenant.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// What it does just now.
    pub state: State,
    /// Why it is suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When its next tick is due, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The number of its last tick.
    pub sequence: u64,
    /// Failed attempts of the tick that is on its way.
    pub attempts: u32,
    /// Events that its sink took.
    pub delivered: u64,
    /// Events that were given up.
    pub given_up: u64,
    /// Ticks that fell due while another was on its way.
    pub missed: u64,
    /// What became of the last attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_outcome: Option<LastOutcome>,
    /// The last attempt that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<ErrorView>,
}

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ErrorView {
    /// When, in RFC 3339.
    pub at: String,
    /// Why.
    pub reason: String,
}

/// What a source does just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum State {
    /// It waits for its next tick.
    Idle,
    /// Its tick waits for its tenant's turn.
    Waiting,
    /// Its tick is being delivered.
    InFlight,
    /// Its tick will be tried again.
    BackOff,
    /// It rests.
    Suspended,
}

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TenantView {
    /// Its namespace.
    pub name: String,
    /// Its sources.
    pub sources: u32,
    /// Its beats in flight.
    pub in_flight: u32,
    /// Its ticks that wait for their turn.
    pub waiting: usize,
    /// Events that sinks took.
    pub delivered: u64,
    /// Events that were given up.
    pub given_up: u64,
    /// Events that dead letter sinks took.
    pub dead_lettered: u64,
    /// Ticks that fell due while another was on its way.
    pub missed: u64,
    /// Attempts after a failed one.
    pub retried: u64,
}

impl<R> Scheduler<R> {
    /// One source.
    pub(crate) fn view(&self, key: &Key, now: Now) -> Option<View> {
        let slot = *self.by_key.get(key)?;
        self.entries[slot as usize]
            .as_ref()
            .map(|entry| entry.view(now))
    }

    /// At most `count` sources from place `from` on, and the place to go on at, if there are more. A source keeps its place.
    pub(crate) fn page(&self, from: usize, count: usize, now: Now) -> (Vec<View>, Option<usize>) {
        let mut views = Vec::new();
        for (place, entry) in self.entries.iter().enumerate().skip(from) {
            if let Some(entry) = entry {
                if views.len() == count {
                    return (views, Some(place));
                }
                views.push(entry.view(now));
            }
        }
        (views, None)
    }

    /// All tenants.
    pub(crate) fn tenant_views(&self) -> Vec<TenantView> {
        let view = |tenant: &Tenant| TenantView {
            name: tenant.name.to_string(),
            sources: tenant.sources,
            in_flight: tenant.in_flight,
            waiting: tenant.waiting(),
            delivered: tenant.counts.delivered,
            given_up: tenant.counts.given_up,
            dead_lettered: tenant.counts.dead_lettered,
            missed: tenant.counts.missed,
            retried: tenant.counts.retried,
        };
        self.tenants.iter().map(view).collect()
    }
}

impl<R> Entry<R> {
    fn view(&self, now: Now) -> View {
        View {
            namespace: self.key.namespace.to_string(),
            name: self.key.name.to_string(),
            state: match self.phase {
                Phase::Idle => State::Idle,
                Phase::Waiting => State::Waiting,
                Phase::InFlight => State::InFlight,
                Phase::BackOff => State::BackOff,
                Phase::Suspended => State::Suspended,
            },
            reason: self.why.as_deref().map(str::to_owned),
            next: (self.why.is_none()).then(|| rfc3339(self.next_wall(now))),
            sequence: self.sequence,
            attempts: self.tick.as_ref().map_or(0, |tick| tick.failed),
            delivered: self.delivered,
            given_up: self.given_up,
            missed: self.missed,
            last_outcome: self.last_outcome,
            last_error: self.last_error.as_ref().map(|error| ErrorView {
                at: rfc3339(error.at),
                reason: error.reason.to_string(),
            }),
        }
    }
}

fn rfc3339(nanos: u64) -> String {
    heartbeats::event::Timestamp::from_unix_nanos(nanos).to_string()
}

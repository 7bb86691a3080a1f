//! Which source beats when. Pure: the clock, chance and the beats themselves are the caller's.
//!
//! A source rests until its timer in the wheel comes; then it has a tick, which waits for its tenant's turn, is in flight,
//! and is put back into the wheel where it may be tried again. So each source has at most one tick and one timer, and ticks
//! that fall due meanwhile become one.

mod entry;
mod outcome;
mod retry;
mod sinks;
mod time;
mod view;

use std::collections::HashMap;
use std::sync::Arc;

use super::tenants::{TenantId, TenantLimits, Tenants};
use super::wheel::Wheel;
use crate::manifest::{Key, Settings};
use entry::{Entry, Phase};
use sinks::Sinks;

pub use outcome::{Error, Failure, Note, Outcome};
pub use time::Now;
pub use view::{ErrorView, State, TenantView, View};

/// What sources with equal settings share: the settings, and what it takes to run them.
#[derive(Debug)]
pub struct Shared<R> {
    /// What they do.
    pub settings: Settings,
    /// What it takes to run them.
    pub runnable: R,
}

/// A source that should be.
#[derive(Debug)]
pub struct Spec<R> {
    /// Its name.
    pub key: Arc<Key>,
    /// What it does.
    pub shared: Arc<Shared<R>>,
    /// Why it rests, if it does.
    pub suspend: Option<Arc<str>>,
}

/// A beat to be made now.
#[derive(Debug)]
pub struct Job<R> {
    /// To be handed back with its outcome.
    pub ticket: Ticket,
    /// The source.
    pub key: Arc<Key>,
    /// What it does.
    pub shared: Arc<Shared<R>>,
    /// The event's id.
    pub id: u128,
    /// The number of the tick.
    pub sequence: u64,
    /// When it was due, in nanoseconds since the Unix epoch.
    pub due: u64,
    /// The event goes to the dead letter sink, for this reason.
    pub dead: Option<Box<Error>>,
}

/// Which beat an outcome belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    slot: u32,
    generation: u32,
    tenant: TenantId,
}

/// Why something was not done to a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such source.
    #[error("there is no such source")]
    Unknown,
    /// A tick is on its way already.
    #[error("a tick of this source is on its way already")]
    Busy,
    /// It is suspended.
    #[error("this source is suspended; resume it first")]
    Suspended,
}

/// All sources of a process.
pub struct Scheduler<R> {
    entries: Vec<Option<Entry<R>>>,
    generations: Vec<u32>,
    free: Vec<u32>,
    by_key: HashMap<Arc<Key>, u32>,
    wheel: Wheel,
    tenants: Tenants,
    sinks: Sinks,
    in_flight: usize,
    due: Vec<u32>,
    /// Wall clock less monotonic clock, when last seen.
    offset: Option<i128>,
    chance: Box<dyn FnMut() -> u128 + Send>,
}

/// A wall clock that is set further than this moves the cron timers.
const JUMP: i128 = 500_000_000;

impl<R> Scheduler<R> {
    /// No sources. `chance` gives random numbers: event ids are made of them.
    pub fn new(limits: TenantLimits, chance: impl FnMut() -> u128 + Send + 'static) -> Self {
        Self {
            entries: Vec::new(),
            generations: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::new(),
            wheel: Wheel::default(),
            tenants: Tenants::new(limits),
            sinks: Sinks::new(),
            in_flight: 0,
            due: Vec::new(),
            offset: None,
            chance: Box::new(chance),
        }
    }

    /// [Sets](Self::set) all of these. There is room for them at once: what grows by copies leaves them behind as memory that
    /// nobody uses.
    pub fn set_all(&mut self, specs: Vec<Spec<R>>, now: Now) {
        let is_new = |spec: &&Spec<R>| !self.by_key.contains_key(&spec.key);
        let new = specs.iter().filter(is_new).count();
        let slots = new.saturating_sub(self.free.len());
        self.entries.reserve(slots);
        self.generations.reserve(slots);
        self.by_key.reserve(new);
        for spec in specs {
            self.set(spec, now);
        }
    }

    /// Adds a source, or changes it. A source that did not change keeps all, one that changed its sequence, and its schedule
    /// too where that is the same.
    pub fn set(&mut self, spec: Spec<R>, now: Now) {
        let Some(slot) = self.by_key.get(&spec.key).copied() else {
            return self.add(spec, now);
        };
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        if Arc::ptr_eq(&entry.shared, &spec.shared) && entry.suspend == spec.suspend {
            return;
        }
        let (old, new) = (&entry.shared.settings, &spec.shared.settings);
        let same_schedule = old.schedule == new.schedule && old.start_jitter == new.start_jitter;
        entry.shared = spec.shared;
        entry.suspend = spec.suspend.clone();
        let was_suspended = entry.phase == Phase::Suspended;
        entry.why = None;
        if let Some(why) = &spec.suspend {
            self.rest_for(slot, why);
        } else if was_suspended || !same_schedule {
            entry.begin(now);
            if entry.tick.is_none() {
                entry.phase = Phase::Idle;
                self.settle(slot, now);
            }
        }
    }

    /// Takes a source away; a beat in flight ends without it.
    pub fn remove(&mut self, key: &Key, now: Now) {
        let Some(slot) = self.by_key.remove(key) else {
            return;
        };
        self.wheel.clear(slot);
        self.generations[slot as usize] = self.generations[slot as usize].wrapping_add(1);
        self.free.push(slot);
        let Some(entry) = self.entries[slot as usize].take() else {
            return;
        };
        let limit = self.tenants.limits().sources;
        let tenant = self.tenants.get(entry.tenant);
        tenant.sources -= 1;
        if tenant.sources >= limit {
            self.admit_one(entry.tenant, now);
        }
    }

    /// A tick now, besides the schedule.
    pub fn fire(&mut self, key: &Key, now: Now) -> Result<(), Refused> {
        let slot = *self.by_key.get(key).ok_or(Refused::Unknown)?;
        let entry = self.entries[slot as usize]
            .as_mut()
            .ok_or(Refused::Unknown)?;
        match entry.phase {
            Phase::Suspended => Err(Refused::Suspended),
            Phase::Idle => {
                let id = (self.chance)();
                entry.start(id, now.wall);
                self.enqueue(slot);
                Ok(())
            }
            _ => Err(Refused::Busy),
        }
    }

    /// Lets a source rest until it is [resumed](Self::resume) or its manifest changes.
    pub fn suspend(&mut self, key: &Key, why: &str) -> Result<(), Refused> {
        let slot = *self.by_key.get(key).ok_or(Refused::Unknown)?;
        self.rest_for(slot, why);
        Ok(())
    }

    /// Lets a source beat again.
    pub fn resume(&mut self, key: &Key, now: Now) -> Result<(), Refused> {
        let slot = *self.by_key.get(key).ok_or(Refused::Unknown)?;
        let entry = self.entries[slot as usize]
            .as_mut()
            .ok_or(Refused::Unknown)?;
        if entry.why.take().is_some() {
            entry.begin(now);
            if entry.tick.is_none() {
                entry.phase = Phase::Idle;
                self.settle(slot, now);
            }
        }
        Ok(())
    }

    /// Notices what is due.
    pub fn advance(&mut self, now: Now) {
        let offset = i128::from(now.wall) - i128::from(now.mono);
        let jumped = self.offset.is_some_and(|seen| (seen - offset).abs() > JUMP);
        if jumped || self.offset.is_none() {
            self.offset = Some(offset);
        }
        if jumped {
            self.clock_was_set(now);
        }
        let mut due = std::mem::take(&mut self.due);
        self.wheel.advance(now.millis(), &mut due);
        for slot in due.drain(..) {
            match self.entries[slot as usize]
                .as_ref()
                .map(|entry| entry.phase)
            {
                Some(Phase::Idle) => self.settle(slot, now),
                Some(Phase::BackOff) => self.enqueue(slot),
                _ => {}
            }
        }
        self.due = due;
    }

    /// The beat whose turn it is.
    pub fn next_job(&mut self, now: Now) -> Option<Job<R>> {
        while let Some((tenant, (slot, generation))) = self.tenants.next(now.mono) {
            let current = self.generations[slot as usize] == generation;
            let entry = self.entries[slot as usize].as_mut();
            if let Some(entry) = entry.filter(|entry| current && entry.phase == Phase::Waiting)
                && let Some(tick) = &entry.tick
            {
                entry.phase = Phase::InFlight;
                self.in_flight += 1;
                return Some(Job {
                    ticket: Ticket {
                        slot,
                        generation,
                        tenant,
                    },
                    key: entry.key.clone(),
                    shared: entry.shared.clone(),
                    id: tick.id,
                    sequence: tick.sequence,
                    due: tick.due,
                    dead: tick.dead.clone(),
                });
            }
            // It was taken away or suspended while it waited.
            self.tenants.done(tenant);
        }
        None
    }

    /// When to [advance](Self::advance) next, on the monotonic clock.
    pub fn wakes(&self) -> Option<u64> {
        let timer = self.wheel.next().map(|millis| millis * 1_000_000);
        [timer, self.tenants.wakes()].into_iter().flatten().min()
    }

    /// Beats in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many sources there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    fn add(&mut self, spec: Spec<R>, now: Now) {
        let id = self.tenants.id(&spec.key.namespace);
        let limit = self.tenants.limits().sources;
        let tenant = self.tenants.get(id);
        tenant.sources += 1;
        let refused = tenant.sources > limit;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.generations.push(0);
            self.entries.len() as u32 - 1
        });
        self.by_key.insert(spec.key.clone(), slot);
        let suspend = spec.suspend.clone();
        let mut entry = Entry::new(spec, id);
        entry.begin(now);
        self.entries[slot as usize] = Some(entry);
        if let Some(why) = &suspend {
            self.rest_for(slot, why);
        } else if refused {
            self.rest_for(slot, OVER_LIMIT);
        } else {
            self.settle(slot, now);
        }
    }

    /// Sets the timer of an idle source, or starts its tick if one is due.
    fn settle(&mut self, slot: u32, now: Now) {
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        match entry.due(now) {
            Some((due, missed)) => {
                entry.missed += missed;
                self.tenants.get(entry.tenant).counts.missed += missed;
                let id = (self.chance)();
                entry.start(id, due);
                self.enqueue(slot);
            }
            None => match entry.next_mono(now) {
                Some(at) => self.wheel.set(slot, at.div_ceil(1_000_000)),
                None => self.rest_for(slot, "its schedule never fires again"),
            },
        }
    }

    fn enqueue(&mut self, slot: u32) {
        self.wheel.clear(slot);
        if let Some(entry) = &mut self.entries[slot as usize] {
            entry.phase = Phase::Waiting;
            self.tenants
                .wait(entry.tenant, (slot, self.generations[slot as usize]));
        }
    }

    /// Suspends a source. A beat in flight ends by itself.
    fn rest_for(&mut self, slot: u32, why: &str) {
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        entry.why = Some(why.into());
        if entry.phase != Phase::InFlight {
            entry.phase = Phase::Suspended;
            entry.tick = None;
            self.wheel.clear(slot);
        }
    }

    fn admit_one(&mut self, tenant: TenantId, now: Now) {
        let refused = self.entries.iter().position(|entry| {
            entry.as_ref().is_some_and(|entry| {
                entry.tenant == tenant && entry.why.as_deref() == Some(OVER_LIMIT)
            })
        });
        if let Some(entry) = refused.and_then(|slot| self.entries[slot].as_ref()) {
            let key = entry.key.clone();
            // It was found just now.
            let _ = self.resume(&key, now);
        }
    }

    fn clock_was_set(&mut self, now: Now) {
        for slot in 0..self.entries.len() as u32 {
            if let Some(entry) = &mut self.entries[slot as usize]
                && entry.is_cron()
            {
                entry.begin(now);
                if entry.phase == Phase::Idle {
                    self.settle(slot, now);
                }
            }
        }
    }
}

const OVER_LIMIT: &str = "its tenant has as many sources as it may have";

#[cfg(test)]
mod tests;

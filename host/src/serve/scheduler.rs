//! Which source beats when. Pure: the clock, chance and the beats themselves are the caller's.
//!
//! A source rests until its timer in the wheel comes; then it has a tick, which waits for its tenant's turn, is in flight,
//! and is put back into the wheel where it may be tried again. So each source has at most one tick and one timer, and ticks
//! that fall due meanwhile become one.

mod entry;
mod outcome;
mod retry;
mod sinks;
mod tenants;
mod time;
mod view;
mod wheel;

use std::collections::HashMap;
use std::sync::Arc;

use crate::manifest::{Key, Settings};
use entry::{Entry, LastOutcome, Phase};
use sinks::Sinks;
use tenants::{TenantId, Tenants};
use time::MILLISECOND;
use wheel::Wheel;

pub(super) use outcome::{Error, Failure, Note, Outcome};
pub use tenants::{TenantLimits, TenantLimitsError};
pub(super) use time::Now;
pub(super) use time::nanos;
pub(super) use view::{State, TenantView, View};

/// What sources with equal settings share: the settings, and what it takes to run them.
#[derive(Debug)]
pub(crate) struct Shared<R> {
    /// What they do.
    pub settings: Settings,
    /// What it takes to run them.
    pub runnable: R,
}

/// A source that should be.
#[derive(Debug)]
pub(crate) struct Spec<R> {
    /// Its name.
    pub key: Arc<Key>,
    /// What it does.
    pub shared: Arc<Shared<R>>,
    /// Why it rests, if it does.
    pub suspend: Option<Arc<str>>,
}

/// A beat to be made now.
#[derive(Debug)]
pub(super) struct Job<R> {
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
pub(super) struct Ticket {
    slot: u32,
    generation: u32,
    tenant: TenantId,
}

/// Why something was not done to a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// There is no such source.
    #[error("there is no such source")]
    Unknown,
    /// A tick is on its way already.
    #[error("a tick of this source is on its way already")]
    Busy,
    /// It is suspended.
    #[error("this source is suspended; resume it first")]
    Suspended,
    /// Its tenant has too many.
    #[error(
        "its tenant has as many sources as it may have; remove another, or raise sources of --tenant-limits"
    )]
    OverLimit,
}

/// All sources of a process.
pub(super) struct Scheduler<R> {
    entries: Vec<Option<Entry<R>>>,
    generations: Vec<u32>,
    free: Vec<u32>,
    by_key: HashMap<Arc<Key>, u32>,
    wheel: Wheel,
    tenants: Tenants,
    sinks: Sinks,
    due: Vec<u32>,
    /// What an operator should know and has not been told.
    notes: Vec<Note>,
    /// No tick begins any more.
    draining: bool,
    /// Wall clock less monotonic clock, when last seen.
    offset: Option<i128>,
    chance: Box<dyn FnMut() -> u128 + Send>,
}

/// A wall clock that is set further than this moves the cron timers; in nanoseconds.
const JUMP: i128 = 500_000_000;

impl<R> Scheduler<R> {
    /// No sources, and at most so many `instances` in flight. `chance` gives random numbers: event ids are made of them.
    pub(super) fn new(
        limits: TenantLimits,
        instances: u32,
        chance: impl FnMut() -> u128 + Send + 'static,
    ) -> Self {
        Self {
            entries: Vec::new(),
            generations: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::new(),
            wheel: Wheel::default(),
            tenants: Tenants::new(limits, instances),
            sinks: Sinks::new(),
            due: Vec::new(),
            notes: Vec::new(),
            draining: false,
            offset: None,
            chance: Box::new(chance),
        }
    }

    /// [Sets](Self::set) all of these. There is room for them at once: what grows by copies leaves them behind as memory that
    /// nobody uses.
    pub(super) fn set_all(&mut self, specs: Vec<Spec<R>>, now: Now) {
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
    pub(super) fn set(&mut self, spec: Spec<R>, now: Now) {
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
        let was_suspended = entry.phase == Phase::Suspended;
        entry.shared = spec.shared;
        entry.suspend = spec.suspend;
        entry.why = None;
        if !self.rests(slot) && (was_suspended || !same_schedule) {
            self.restart(slot, now);
        }
    }

    /// Takes a source away; a beat in flight ends without it.
    pub(super) fn remove(&mut self, key: &Key, now: Now) {
        let Some(slot) = self.by_key.remove(key) else {
            return;
        };
        self.wheel.clear(slot);
        self.generations[slot as usize] = self.generations[slot as usize].wrapping_add(1);
        self.free.push(slot);
        let Some(entry) = self.entries[slot as usize].take() else {
            return;
        };
        let admitted = self.tenants.dismiss(entry.tenant, slot);
        if let Some(admitted) = admitted
            && !self.rests(admitted)
        {
            self.restart(admitted, now);
        }
    }

    /// A tick now, besides the schedule.
    pub(super) fn fire(&mut self, key: &Key, now: Now) -> Result<(), Refused> {
        let (slot, entry) = self.known(key)?;
        match entry.phase {
            Phase::Suspended => Err(Refused::Suspended),
            Phase::Idle => {
                self.start_tick(slot, now.wall);
                Ok(())
            }
            _ => Err(Refused::Busy),
        }
    }

    /// Lets a source rest until it is [resumed](Self::resume) or its manifest changes.
    pub(super) fn suspend(&mut self, key: &Key, why: &str) -> Result<(), Refused> {
        let (slot, _) = self.admitted(key)?;
        self.rest_for(slot, why);
        Ok(())
    }

    /// Lets a source beat again.
    pub(super) fn resume(&mut self, key: &Key, now: Now) -> Result<(), Refused> {
        let (slot, entry) = self.admitted(key)?;
        if entry.why.is_some() {
            self.restart(slot, now);
        }
        Ok(())
    }

    /// Begins no tick from now on; those that have begun go on.
    pub(super) fn drain(&mut self) {
        self.draining = true;
    }

    /// The events of the ticks that have begun and are not over, with their sources.
    pub(super) fn pending(&self) -> impl Iterator<Item = (&Arc<Key>, u128)> {
        let entries = self.entries.iter().flatten();
        entries.filter_map(|entry| Some((&entry.key, entry.tick.as_ref()?.id)))
    }

    /// What an operator should know since this was asked last.
    pub(super) fn take_notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    /// Notices what is due.
    pub(super) fn advance(&mut self, now: Now) {
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
    pub(super) fn next_job(&mut self, now: Now) -> Option<Job<R>> {
        while let Some((tenant, (slot, generation))) = self.tenants.next(now.mono) {
            let current = self.generations[slot as usize] == generation;
            let entry = self.entries[slot as usize].as_mut();
            if let Some(entry) = entry.filter(|entry| current && entry.phase == Phase::Waiting)
                && let Some(tick) = &entry.tick
            {
                entry.phase = Phase::InFlight;
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

    /// When to [advance](Self::advance) next, in nanoseconds on the monotonic clock.
    pub(super) fn wakes(&self) -> Option<u64> {
        let timer = self.wheel.next().map(|millis| millis * MILLISECOND);
        [timer, self.tenants.wakes()].into_iter().flatten().min()
    }

    /// Beats in flight.
    pub(super) fn in_flight(&self) -> u32 {
        self.tenants.in_flight()
    }

    /// How many sources there are.
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    fn known(&self, key: &Key) -> Result<(u32, &Entry<R>), Refused> {
        let slot = *self.by_key.get(key).ok_or(Refused::Unknown)?;
        let entry = self.entries[slot as usize].as_ref();
        Ok((slot, entry.ok_or(Refused::Unknown)?))
    }

    /// A source that its tenant may have.
    fn admitted(&self, key: &Key) -> Result<(u32, &Entry<R>), Refused> {
        let (slot, entry) = self.known(key)?;
        match self.tenants.refuses(entry.tenant, slot) {
            true => Err(Refused::OverLimit),
            false => Ok((slot, entry)),
        }
    }

    fn add(&mut self, spec: Spec<R>, now: Now) {
        let tenant = self.tenants.id(&spec.key.namespace);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.generations.push(0);
            self.entries.len() as u32 - 1
        });
        self.tenants.admit(tenant, slot);
        self.by_key.insert(spec.key.clone(), slot);
        self.entries[slot as usize] = Some(Entry::new(spec, tenant));
        if !self.rests(slot) {
            self.restart(slot, now);
        }
    }

    /// Lets a source rest if its manifest or its tenant's limit says so. Whether one of them does.
    fn rests(&mut self, slot: u32) -> bool {
        let Some(entry) = &self.entries[slot as usize] else {
            return true;
        };
        let why = match &entry.suspend {
            Some(why) => why.clone(),
            None if self.tenants.refuses(entry.tenant, slot) => {
                Refused::OverLimit.to_string().into()
            }
            None => return false,
        };
        self.rest_for(slot, &why);
        true
    }

    /// Begins the schedule of a source. A tick that is on its way comes first.
    fn restart(&mut self, slot: u32, now: Now) {
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        entry.why = None;
        entry.begin_schedule(now);
        if entry.tick.is_none() {
            entry.phase = Phase::Idle;
            self.settle(slot, now);
        }
    }

    /// Sets the timer of an idle source, or starts its tick if one is due.
    fn settle(&mut self, slot: u32, now: Now) {
        if self.draining {
            return;
        }
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        match entry.take_due(now) {
            Some((due, missed)) => {
                entry.missed += missed;
                self.tenants.get(entry.tenant).counts.missed += missed;
                self.start_tick(slot, due);
            }
            None => match entry.next_mono(now) {
                Some(at) => self.wheel.set(slot, at.div_ceil(MILLISECOND)),
                None => self.rest_for(slot, "its schedule never fires again"),
            },
        }
    }

    /// `due` is on the wall clock.
    fn start_tick(&mut self, slot: u32, due: u64) {
        let id = (self.chance)();
        if let Some(entry) = &mut self.entries[slot as usize] {
            entry.start_tick(id, due);
        }
        self.enqueue(slot);
    }

    fn enqueue(&mut self, slot: u32) {
        self.wheel.clear(slot);
        if let Some(entry) = &mut self.entries[slot as usize] {
            entry.phase = Phase::Waiting;
            self.tenants
                .wait(entry.tenant, (slot, self.generations[slot as usize]));
        }
    }

    /// Suspends a source. A beat in flight ends by itself, a tick that waits is given up.
    fn rest_for(&mut self, slot: u32, why: &str) {
        let Some(entry) = &mut self.entries[slot as usize] else {
            return;
        };
        entry.why = Some(why.into());
        if entry.phase == Phase::InFlight {
            return;
        }
        entry.phase = Phase::Suspended;
        self.wheel.clear(slot);
        let Some(tick) = entry.tick.take() else {
            return;
        };
        if tick.dead.is_none() {
            entry.given_up += 1;
            self.tenants.get(entry.tenant).counts.given_up += 1;
        }
        entry.last_outcome = Some(LastOutcome::GivenUp);
        self.notes.push(Note::GivenUp {
            key: entry.key.clone(),
            id: tick.id,
            reason: why.into(),
            dead_letter: false,
        });
    }

    fn clock_was_set(&mut self, now: Now) {
        for slot in 0..self.entries.len() as u32 {
            if let Some(entry) = &mut self.entries[slot as usize]
                && entry.is_cron()
            {
                entry.begin_schedule(now);
                if entry.phase == Phase::Idle {
                    self.settle(slot, now);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

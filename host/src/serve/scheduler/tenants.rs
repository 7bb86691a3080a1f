//! Whose turn it is: the tenants take turns, each within its own limits, so that none can take another's.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::str::FromStr;
use std::sync::Arc;

/// What one tenant may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantLimits {
    /// Sources; further ones are refused.
    pub sources: u32,
    /// Beats that start in a second; further ones wait.
    pub beats_per_second: u32,
    /// Beats in flight at the same time; further ones wait.
    pub in_flight: u32,
}

impl Default for TenantLimits {
    fn default() -> Self {
        Self {
            sources: 1_000_000,
            beats_per_second: 20_000,
            in_flight: 256,
        }
    }
}

/// A value that is no limits of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no limits; write some of sources=N,beats-per-second=N,in-flight=N, each N at least 1")]
pub struct TenantLimitsError;

impl FromStr for TenantLimits {
    type Err = TenantLimitsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut limits = Self::default();
        for limit in text.split(',') {
            let (name, number) = limit.split_once('=').ok_or(TenantLimitsError)?;
            let number = number.parse().ok().filter(|number| *number > 0);
            let number = number.ok_or(TenantLimitsError)?;
            match name {
                "sources" => limits.sources = number,
                "beats-per-second" => limits.beats_per_second = number,
                "in-flight" => limits.in_flight = number,
                _ => return Err(TenantLimitsError),
            }
        }
        Ok(limits)
    }
}

/// A tenant's number.
pub(super) type TenantId = u32;

/// A beat that waits: the number of its source, and that source's generation.
pub(super) type Waiting = (u32, u32);

/// All tenants, and the beats that wait for their turn. A tenant is kept when its last source is gone: its counters would
/// otherwise begin at nothing when it comes back, and there are far fewer of them than of sources.
pub(super) struct Tenants {
    limits: TenantLimits,
    /// Beats that may be in flight, of all tenants together, and those that are.
    instances: u32,
    in_flight: u32,
    names: HashMap<Arc<str>, TenantId>,
    tenants: Vec<Tenant>,
    /// Tenants whose turn comes, in this order.
    turns: VecDeque<TenantId>,
    /// Tenants that have as many beats in flight as there is room left.
    crowded: Vec<TenantId>,
    /// Tenants that have used up their beats of this second, and until when, in nanoseconds.
    resting: BinaryHeap<Reverse<(u64, TenantId)>>,
}

/// One tenant.
pub(super) struct Tenant {
    pub(super) name: Arc<str>,
    /// The sources that it has, with those that are refused.
    pub(super) sources: u32,
    /// Sources that are one too many, by their place.
    refused: BTreeSet<u32>,
    pub(super) in_flight: u32,
    pub(super) counts: Counts,
    queue: VecDeque<Waiting>,
    /// In `turns`, `crowded` or `resting`.
    listed: bool,
    /// When the bucket of beats would be full, in nanoseconds: each beat takes it further (GCRA).
    full_at: u64,
}

/// What became of a tenant's ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) delivered: u64,
    pub(super) given_up: u64,
    pub(super) dead_lettered: u64,
    pub(super) missed: u64,
    pub(super) retried: u64,
}

const SECOND: u64 = 1_000_000_000;

impl Tenants {
    pub(super) fn new(limits: TenantLimits, instances: u32) -> Self {
        Self {
            limits,
            instances,
            in_flight: 0,
            names: HashMap::new(),
            tenants: Vec::new(),
            turns: VecDeque::new(),
            crowded: Vec::new(),
            resting: BinaryHeap::new(),
        }
    }

    pub(super) fn id(&mut self, name: &str) -> TenantId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let name: Arc<str> = name.into();
        let id = self.tenants.len() as TenantId;
        self.names.insert(name.clone(), id);
        self.tenants.push(Tenant {
            name,
            sources: 0,
            refused: BTreeSet::new(),
            in_flight: 0,
            counts: Counts::default(),
            queue: VecDeque::new(),
            listed: false,
            full_at: 0,
        });
        id
    }

    pub(super) fn get(&mut self, id: TenantId) -> &mut Tenant {
        &mut self.tenants[id as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter()
    }

    /// Beats in flight, of all tenants together.
    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// A tenant has one source more, at this place; one too many is [refused](Self::refuses).
    pub(super) fn admit(&mut self, id: TenantId, place: u32) {
        let limit = self.limits.sources as usize;
        let tenant = self.get(id);
        tenant.sources += 1;
        if tenant.sources as usize - tenant.refused.len() > limit {
            tenant.refused.insert(place);
        }
    }

    /// A tenant has the source at this place no more. The place of one that was refused and has room now, if there is one.
    pub(super) fn dismiss(&mut self, id: TenantId, place: u32) -> Option<u32> {
        let tenant = self.get(id);
        tenant.sources -= 1;
        if tenant.refused.remove(&place) {
            return None;
        }
        tenant.refused.pop_first()
    }

    /// Whether the source at this place is one too many.
    pub(super) fn refuses(&self, id: TenantId, place: u32) -> bool {
        self.tenants[id as usize].refused.contains(&place)
    }

    /// A beat is due.
    pub(super) fn wait(&mut self, id: TenantId, beat: Waiting) {
        self.get(id).queue.push_back(beat);
        self.list(id);
    }

    /// The beat whose turn it is at `now`, in nanoseconds; it counts as in flight until it is [done](Self::done).
    ///
    /// No tenant has more in flight than there is room left, so that few tenants whose sinks hang do not fill all of it.
    pub(super) fn next(&mut self, now: u64) -> Option<(TenantId, Waiting)> {
        while let Some(Reverse((until, id))) = self.resting.peek().copied() {
            if until > now {
                break;
            }
            self.resting.pop();
            self.turns.push_back(id);
        }
        while let Some(id) = self.turns.pop_front() {
            let limits = self.limits;
            let room = self.instances - self.in_flight;
            let tenant = self.get(id);
            tenant.listed = false;
            if tenant.in_flight >= limits.in_flight || tenant.queue.is_empty() {
                continue;
            }
            if tenant.in_flight >= room {
                tenant.listed = true;
                self.crowded.push(id);
                continue;
            }
            let cost = SECOND / u64::from(limits.beats_per_second.max(1));
            if let Some(until) = tenant.rests_until(now, cost) {
                tenant.listed = true;
                self.resting.push(Reverse((until, id)));
                continue;
            }
            let Some(beat) = tenant.queue.pop_front() else {
                continue;
            };
            tenant.full_at = tenant.full_at.max(now) + cost;
            tenant.in_flight += 1;
            self.in_flight += 1;
            self.list(id);
            return Some((id, beat));
        }
        None
    }

    /// A beat is no longer in flight.
    pub(super) fn done(&mut self, id: TenantId) {
        let tenant = self.get(id);
        tenant.in_flight -= 1;
        self.in_flight -= 1;
        self.turns.extend(self.crowded.drain(..));
        self.list(id);
    }

    /// When [next](Self::next) may have one that it has not now.
    pub(super) fn wakes(&self) -> Option<u64> {
        self.resting.peek().map(|Reverse((until, _))| *until)
    }

    fn list(&mut self, id: TenantId) {
        let tenant = self.get(id);
        if !tenant.listed && !tenant.queue.is_empty() {
            tenant.listed = true;
            self.turns.push_back(id);
        }
    }
}

impl Tenant {
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// A second's beats may come at once; after that each takes its time.
    fn rests_until(&self, now: u64, cost: u64) -> Option<u64> {
        let earliest = (self.full_at + cost).saturating_sub(SECOND);
        (earliest > now).then_some(earliest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants(beats_per_second: u32, in_flight: u32) -> Tenants {
        let limits = TenantLimits {
            sources: 10,
            beats_per_second,
            in_flight,
        };
        Tenants::new(limits, 1_000)
    }

    fn turns(tenants: &mut Tenants, now: u64) -> Vec<Waiting> {
        std::iter::from_fn(|| tenants.next(now).map(|(_, beat)| beat)).collect()
    }

    #[test]
    fn limits_that_are_not_named_keep_their_defaults() {
        let limits: TenantLimits = "sources=5,in-flight=2".parse().unwrap();
        assert_eq!((limits.sources, limits.in_flight), (5, 2));
        assert_eq!(
            limits.beats_per_second,
            TenantLimits::default().beats_per_second
        );
        for text in [
            "",
            "sources",
            "sources=0",
            "sources=-1",
            "cpu=1",
            "sources=1,",
        ] {
            assert_eq!(
                text.parse::<TenantLimits>(),
                Err(TenantLimitsError),
                "{text}"
            );
        }
    }

    #[test]
    fn tenants_take_turns_however_many_beats_one_has() {
        let mut tenants = tenants(1_000, 100);
        let (crowd, one) = (tenants.id("crowd"), tenants.id("one"));
        (0..50).for_each(|n| tenants.wait(crowd, (n, 0)));
        tenants.wait(one, (99, 0));
        assert_eq!(turns(&mut tenants, 0)[1], (99, 0));
    }

    #[test]
    fn beyond_its_beats_in_flight_a_tenant_waits_and_the_others_do_not() {
        let mut tenants = tenants(1_000, 2);
        let (hung, other) = (tenants.id("hung"), tenants.id("other"));
        (0..4).for_each(|n| tenants.wait(hung, (n, 0)));
        tenants.wait(other, (9, 0));
        assert_eq!(turns(&mut tenants, 0), [(0, 0), (9, 0), (1, 0)]);
        tenants.done(hung);
        assert_eq!(turns(&mut tenants, 0), [(2, 0)]);
        assert_eq!(tenants.wakes(), None, "no time would help");
    }

    #[test]
    fn a_few_tenants_whose_sinks_hang_leave_room_for_others() {
        let mut tenants = tenants(1_000, 256);
        for hog in 0..6 {
            let hog = tenants.id(&format!("hog{hog}"));
            (0..300).for_each(|n| tenants.wait(hog, (n, 0)));
        }
        let taken = turns(&mut tenants, 0).len();
        assert_eq!(taken, 6 * 143, "which leaves 142");
        let other = tenants.id("other");
        tenants.wait(other, (999, 0));
        assert_eq!(turns(&mut tenants, 1), [(999, 0)]);
        tenants.done(other);
        assert_eq!(
            turns(&mut tenants, 2).len(),
            0,
            "the room is not for the hogs"
        );
        (0..20).for_each(|_| tenants.done(0));
        assert!(!turns(&mut tenants, 3).is_empty());
    }

    #[test]
    fn beyond_its_rate_a_tenant_waits_for_the_time_of_a_beat() {
        let mut tenants = tenants(10, 100);
        let (fast, other) = (tenants.id("fast"), tenants.id("other"));
        (0..20).for_each(|n| tenants.wait(fast, (n, 0)));
        assert_eq!(turns(&mut tenants, 0).len(), 10, "a second's worth at once");
        tenants.wait(other, (99, 0));
        assert_eq!(turns(&mut tenants, 1), [(99, 0)]);
        let wakes = tenants.wakes().unwrap();
        assert_eq!(wakes, SECOND / 10);
        assert_eq!(turns(&mut tenants, wakes).len(), 1);
        assert_eq!(turns(&mut tenants, 2 * SECOND).len(), 9);
    }
}

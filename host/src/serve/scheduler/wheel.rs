//! A timer wheel: one timer for each of a great many sources, all operations in constant time.
//!
//! Seven wheels of 64 slots, from a millisecond a slot to two years a slot. A timer stands in the wheel of the highest six
//! bits in which its time differs from now, and moves to a finer one when its slot comes. Each slot is a linked list through
//! one array, so that a timer is sixteen bytes and setting it never allocates but to grow that array.

const LEVELS: usize = 7;
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
/// Some 70 years.
const LONGEST: u64 = 1 << (BITS * LEVELS as u32 - 1);
const NONE: u32 = u32::MAX;

/// Timers by the number of their owner, in milliseconds on a clock of the caller's.
pub(super) struct Wheel {
    now: u64,
    heads: [[u32; SLOTS]; LEVELS],
    /// A bit for each slot that holds a timer.
    occupied: [u64; LEVELS],
    timers: Vec<Timer>,
}

#[derive(Clone, Copy)]
struct Timer {
    /// Where it is set.
    at: u64,
    next: u32,
    /// The timer before; `NONE` at the head.
    previous: u32,
    /// `level * SLOTS + slot`; `NONE` where the timer is not set.
    place: u32,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            now: 0,
            heads: [[NONE; SLOTS]; LEVELS],
            occupied: [0; LEVELS],
            timers: Vec::new(),
        }
    }
}

impl Wheel {
    /// Sets the timer of `owner`, instead of where it was set before. A time that has passed is due at once.
    pub(super) fn set(&mut self, owner: u32, at: u64) {
        self.clear(owner);
        let index = owner as usize;
        if index >= self.timers.len() {
            let unset = Timer {
                at: 0,
                next: NONE,
                previous: NONE,
                place: NONE,
            };
            self.timers.resize(index + 1, unset);
        }
        self.link(owner, at.clamp(self.now, self.now + LONGEST));
    }

    /// Takes the timer of `owner` away, if it is set.
    pub(super) fn clear(&mut self, owner: u32) {
        let Some(timer) = self.timers.get(owner as usize).copied() else {
            return;
        };
        if timer.place == NONE {
            return;
        }
        let (level, slot) = (timer.place as usize / SLOTS, timer.place as usize % SLOTS);
        match timer.previous {
            NONE => self.heads[level][slot] = timer.next,
            previous => self.timers[previous as usize].next = timer.next,
        }
        if timer.next != NONE {
            self.timers[timer.next as usize].previous = timer.previous;
        }
        if self.heads[level][slot] == NONE {
            self.occupied[level] &= !(1 << slot);
        }
        self.timers[owner as usize].place = NONE;
    }

    /// Moves on to `now`, and adds the owners of the timers that are due to `due`, the earlier ones first.
    pub(super) fn advance(&mut self, now: u64, due: &mut Vec<u32>) {
        while let Some((level, slot, at)) = self.first().filter(|(_, _, at)| *at <= now) {
            self.now = self.now.max(at);
            let mut owner = std::mem::replace(&mut self.heads[level][slot], NONE);
            self.occupied[level] &= !(1 << slot);
            while owner != NONE {
                let timer = &mut self.timers[owner as usize];
                let (next, at) = (timer.next, timer.at);
                timer.place = NONE;
                if level == 0 {
                    due.push(owner);
                } else {
                    self.link(owner, at);
                }
                owner = next;
            }
        }
        self.now = self.now.max(now);
    }

    /// When to [advance](Self::advance) next; some timer is due then, or nearer.
    pub(super) fn next(&self) -> Option<u64> {
        self.first().map(|(_, _, at)| at)
    }

    /// The first slot with a timer, and when it begins. All in a finer wheel comes before all in a coarser one.
    fn first(&self) -> Option<(usize, usize, u64)> {
        let level = self.occupied.iter().position(|occupied| *occupied != 0)?;
        let slot = self.occupied[level].trailing_zeros();
        let shift = BITS * level as u32;
        let round = self.now >> (shift + BITS) << (shift + BITS);
        Some((level, slot as usize, round + (u64::from(slot) << shift)))
    }

    fn link(&mut self, owner: u32, at: u64) {
        let level = match at ^ self.now {
            0 => 0,
            difference => (63 - difference.leading_zeros()) / BITS,
        };
        let slot = (at >> (BITS * level)) as usize % SLOTS;
        let level = level as usize;
        let head = std::mem::replace(&mut self.heads[level][slot], owner);
        if head != NONE {
            self.timers[head as usize].previous = owner;
        }
        self.occupied[level] |= 1 << slot;
        self.timers[owner as usize] = Timer {
            at,
            next: head,
            previous: NONE,
            place: (level * SLOTS + slot) as u32,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_does_what_a_plain_map_does() {
        let (mut wheel, mut map) = (Wheel::default(), BTreeMap::<u32, u64>::new());
        let mut random = fastrand::Rng::with_seed(7);
        let mut now = 0;
        for step in 0..200_000 {
            let owner = random.u32(0..300);
            match random.u32(0..10) {
                0 => {
                    wheel.clear(owner);
                    map.remove(&owner);
                }
                1..6 => {
                    let at = now + (random.u64(..) >> random.u32(24..64));
                    wheel.set(owner, at);
                    map.insert(owner, at);
                }
                _ => {
                    now += random.u64(..) >> random.u32(40..64);
                    let mut due = Vec::new();
                    wheel.advance(now, &mut due);
                    let times: Vec<u64> = due.iter().map(|owner| map[owner]).collect();
                    assert!(times.is_sorted(), "step {step}: {times:?}");
                    due.sort_unstable();
                    let expected: Vec<u32> = map
                        .extract_if(.., |_, at| *at <= now)
                        .map(|(owner, _)| owner)
                        .collect();
                    assert_eq!(due, expected, "step {step}");
                }
            }
            match (wheel.next(), map.values().min()) {
                (Some(next), Some(first)) => assert!(next <= *first, "step {step}"),
                (next, first) => assert_eq!(next, first.copied(), "step {step}"),
            }
        }
    }

    #[test]
    fn what_has_passed_is_due_at_once() {
        let mut wheel = Wheel::default();
        let mut due = Vec::new();
        wheel.advance(1_000, &mut due);
        wheel.set(0, 5);
        assert_eq!(wheel.next(), Some(1_000));
        wheel.advance(1_000, &mut due);
        assert_eq!(due, [0]);
    }
}

//! How much a guest may write to its outputs: a second's worth at once, and as much again each second.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::limits::{Limit, Limits};
use crate::sparing::Sparing;
use crate::telemetry::Metrics;

/// A guest that has no room looks again after this time.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// The room that is left for one guest's lines.
pub(super) struct Rate {
    limits: Limits,
    metrics: Metrics,
    complaints: Sparing,
    bucket: Mutex<Bucket>,
}

struct Bucket {
    /// Bytes a second.
    rate: u64,
    room: u64,
    filled: Instant,
}

impl Rate {
    pub(super) fn new(limits: Limits, metrics: Metrics) -> Self {
        let rate = limits.log_bytes;
        Self {
            limits,
            metrics,
            complaints: Sparing::default(),
            bucket: Mutex::new(Bucket {
                rate,
                room: rate,
                filled: Instant::now(),
            }),
        }
    }

    /// How many bytes may be written now. A guest that has used up its second is held back.
    pub(super) fn room(&self) -> usize {
        let room = self.bucket().room(Instant::now());
        if room == 0
            && let Some(times) = self.complaints.due()
        {
            self.metrics.hit(Limit::Log);
            tracing::warn!(
                times,
                "the source writes too much and is held back: {}",
                self.limits.hit(Limit::Log)
            );
        }
        room
    }

    pub(super) fn take(&self, bytes: usize) {
        let mut bucket = self.bucket();
        bucket.room = bucket.room.saturating_sub(bytes as u64);
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn room(&mut self, now: Instant) -> usize {
        let elapsed = now.duration_since(self.filled).as_nanos();
        let earned = u128::from(self.rate) * elapsed / 1_000_000_000;
        if let Ok(earned) = u64::try_from(earned)
            && earned > 0
        {
            self.room = self.room.saturating_add(earned).min(self.rate);
            self.filled = now;
        }
        // Not byte by byte: there is room again only when some is worth a write.
        if self.room < self.rate.min(256) {
            return 0;
        }
        usize::try_from(self.room).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_worth_its_bytes_and_no_more_are_saved() {
        let start = Instant::now();
        let mut bucket = Bucket {
            rate: 1000,
            room: 1000,
            filled: start,
        };
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(bucket.room(start), 1000);
        bucket.room = 0;
        assert_eq!(bucket.room(after(100)), 0, "too little to be worth it");
        assert_eq!(bucket.room(after(500)), 500);
        assert_eq!(bucket.room(after(60_000)), 1000);
    }
}

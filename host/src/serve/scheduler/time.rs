//! The two clocks. All times are in nanoseconds, but for the wheel's, which are in milliseconds of the monotonic clock.

use std::time::Duration;

/// Both clocks at one moment, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Now {
    /// Never goes back, from the process's start.
    pub mono: u64,
    /// Since the Unix epoch; may be set.
    pub wall: u64,
}

impl Now {
    /// The wheel's time.
    pub(super) fn millis(self) -> u64 {
        self.mono / MILLISECOND
    }

    /// The wall clock at a moment of the monotonic one.
    pub(super) fn wall_at(self, mono: u64) -> u64 {
        (self.wall + mono).saturating_sub(self.mono)
    }
}

/// In nanoseconds.
pub(super) const MILLISECOND: u64 = 1_000_000;
/// 146 years: sums of such durations and of times do not overflow.
const LONGEST: u64 = 1 << 62;

/// A duration in nanoseconds.
pub(in crate::serve) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos())
        .unwrap_or(LONGEST)
        .min(LONGEST)
}

//! The two clocks.

/// Both clocks at one moment, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Never goes back, from the process's start.
    pub mono: u64,
    /// Since the Unix epoch; may be set.
    pub wall: u64,
}

impl Now {
    /// The monotonic clock in whole milliseconds, the wheel's time.
    pub(super) fn millis(self) -> u64 {
        self.mono / 1_000_000
    }

    /// The wall clock at a moment of the monotonic one.
    pub(super) fn wall_at(self, mono: u64) -> u64 {
        (self.wall + mono).saturating_sub(self.mono)
    }
}

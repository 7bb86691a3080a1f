//! Log lines about what a guest or a sink can cause as often as it likes: they must not fill the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One line in this time, with the number of occasions since the line before.
const INTERVAL: Duration = Duration::from_secs(1);

/// Decides which occasion is worth a line.
#[derive(Default)]
pub(crate) struct Sparing(Mutex<State>);

#[derive(Default)]
struct State {
    logged: Option<Instant>,
    unlogged: u64,
}

impl Sparing {
    /// How many occasions a line written now stands for; `None` if it is too early for one.
    pub(crate) fn due(&self) -> Option<u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .due(Instant::now())
    }
}

impl State {
    fn due(&mut self, now: Instant) -> Option<u64> {
        self.unlogged += 1;
        if self
            .logged
            .is_some_and(|logged| now.duration_since(logged) < INTERVAL)
        {
            return None;
        }
        self.logged = Some(now);
        Some(std::mem::take(&mut self.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_line_and_the_next_one_counts_it() {
        let mut state = State::default();
        let start = Instant::now();
        assert_eq!(state.due(start), Some(1));
        assert_eq!(state.due(start + INTERVAL / 2), None);
        assert_eq!(state.due(start + INTERVAL / 2), None);
        assert_eq!(state.due(start + INTERVAL), Some(3));
        assert_eq!(state.due(start + INTERVAL * 3), Some(1));
    }
}

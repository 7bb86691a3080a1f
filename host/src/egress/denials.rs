//! The log of refused requests. A guest that tries all the time must not fill the log.

use std::time::{Duration, Instant};

use super::Denied;

/// One line in this time, with the number of refusals since the line before.
const INTERVAL: Duration = Duration::from_secs(1);

/// The refusals of one sandbox.
#[derive(Default)]
pub(super) struct Denials {
    logged: Option<Instant>,
    unlogged: u64,
}

impl Denials {
    pub(super) fn log(&mut self, denied: &Denied) {
        if let Some(requests) = self.due(Instant::now()) {
            tracing::warn!(requests, "request denied: {denied}");
        }
    }

    /// How many refusals a line written now stands for.
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
        let mut denials = Denials::default();
        let start = Instant::now();
        assert_eq!(denials.due(start), Some(1));
        assert_eq!(denials.due(start + INTERVAL / 2), None);
        assert_eq!(denials.due(start + INTERVAL / 2), None);
        assert_eq!(denials.due(start + INTERVAL), Some(3));
        assert_eq!(denials.due(start + INTERVAL * 3), Some(1));
    }
}

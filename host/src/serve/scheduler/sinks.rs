//! Which sinks are away: where a crowd of attempts in a row has failed, the crowd asks less often.

use std::collections::HashMap;
use std::time::Duration;

use heartbeats::config::Origin;

use super::tenants::TenantId;
use super::time::nanos;
use crate::manifest::Sink;

/// So many failures in a row, and none of a source's own quick retries does any good.
const CROWD: u32 = 100;
/// A sink that nobody has tried for so long is one that nobody has any more, or may as well be back.
const FORGOTTEN: Duration = Duration::from_hours(1);
/// So many are remembered before any is forgotten.
const ROOM: usize = 1024;

/// The sinks whose last attempt failed. Each tenant has its own, so that none slows down another's retries.
pub(super) struct Sinks {
    failing: HashMap<(TenantId, Origin), Failing>,
    room: usize,
}

struct Failing {
    in_a_row: u32,
    /// On the monotonic clock, as the one below.
    first: u64,
    last: u64,
}

/// A sink that a crowd cannot reach.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Away {
    /// Since the first failure.
    pub(super) time: Duration,
    /// Nobody knew before.
    pub(super) is_news: bool,
}

impl Sinks {
    pub(super) fn new() -> Self {
        Self {
            failing: HashMap::new(),
            room: ROOM,
        }
    }

    /// An attempt found no sink, or one that cannot take events now.
    pub(super) fn failed(&mut self, tenant: TenantId, sink: &Sink, now: u64) -> Option<Away> {
        self.forget(now);
        let failing = self
            .failing
            .entry((tenant, sink.origin()?))
            .or_insert(Failing {
                in_a_row: 0,
                first: now,
                last: now,
            });
        failing.in_a_row = failing.in_a_row.saturating_add(1);
        failing.last = now;
        (failing.in_a_row >= CROWD).then(|| Away {
            time: Duration::from_nanos(now.saturating_sub(failing.first)),
            is_news: failing.in_a_row == CROWD,
        })
    }

    /// An attempt had an answer that another attempt would not change. Says how long the sink was away, if it was.
    pub(super) fn answered(&mut self, tenant: TenantId, sink: &Sink, now: u64) -> Option<Duration> {
        if self.failing.is_empty() {
            return None;
        }
        let failing = self.failing.remove(&(tenant, sink.origin()?))?;
        let time = Duration::from_nanos(now.saturating_sub(failing.first));
        (failing.in_a_row >= CROWD).then_some(time)
    }

    /// Keeps as many as fail now, however many have been removed with their sources.
    fn forget(&mut self, now: u64) {
        if self.failing.len() >= self.room {
            self.failing
                .retain(|_, failing| now.saturating_sub(failing.last) < nanos(FORGOTTEN));
            self.room = ROOM.max(self.failing.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(uri: &str) -> Sink {
        Sink {
            uri: uri.into(),
            ca_certs: None,
            audience: None,
        }
    }

    fn fail(sinks: &mut Sinks, tenant: TenantId, uri: &str, times: u32) -> Option<Away> {
        let mut away = None;
        for now in 0..times {
            away = sinks.failed(tenant, &sink(uri), now.into());
        }
        away
    }

    #[test]
    fn a_crowd_of_failures_in_a_row_tells_that_a_sink_is_away() {
        let mut sinks = Sinks::new();
        assert_eq!(fail(&mut sinks, 1, "http://sink/a", CROWD - 1), None);
        let away = sinks.failed(1, &sink("http://sink/b"), 500).unwrap();
        assert_eq!((away.time, away.is_news), (Duration::from_nanos(500), true));
        assert!(
            !sinks
                .failed(1, &sink("http://sink/b"), 500)
                .unwrap()
                .is_news
        );
        let time = sinks.answered(1, &sink("http://sink"), 700);
        assert_eq!(time, Some(Duration::from_nanos(700)));
        assert_eq!(sinks.failed(1, &sink("http://sink/a"), 800), None);
        assert_eq!(sinks.answered(1, &sink("http://sink/a"), 900), None);
    }

    #[test]
    fn nobody_is_slowed_down_by_another_tenant_or_another_sink() {
        let mut sinks = Sinks::new();
        assert!(fail(&mut sinks, 1, "http://sink", CROWD).is_some());
        for (tenant, uri) in [
            (2, "http://sink"),
            (1, "http://sink:81"),
            (1, "https://sink"),
        ] {
            assert_eq!(fail(&mut sinks, tenant, uri, 1), None, "{tenant} {uri}");
            assert_eq!(sinks.answered(tenant, &sink(uri), 1), None);
        }
        assert!(fail(&mut sinks, 1, "http://sink", 1).is_some());
    }

    #[test]
    fn sinks_that_nobody_tries_any_more_are_forgotten() {
        let mut sinks = Sinks::new();
        for hour in 0..10 {
            for port in 0..ROOM {
                let uri = format!("http://sink:{}", hour as usize * ROOM + port + 1);
                sinks.failed(1, &sink(&uri), hour * nanos(FORGOTTEN));
            }
        }
        assert!(sinks.failing.len() <= 2 * ROOM, "{}", sinks.failing.len());
    }
}

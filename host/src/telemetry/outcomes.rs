//! What became of a source's beats, as seen from its requests.
//!
//! A beat whose answer allows another attempt is given up when the next beat comes, which has another `id`, or when the
//! guest has ended. Of requests without an event in them this cannot be told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use heartbeats::delivery::{Verdict, verdict};
use http::HeaderValue;

use super::Metrics;

/// The beats of one source. Clones share them.
#[derive(Clone)]
pub(crate) struct Outcomes {
    metrics: Metrics,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Attempts under way.
    open: usize,
    /// The beat whose last answer was not final, and that is not being tried again.
    unfinished: Option<HeaderValue>,
    ended: bool,
}

impl Outcomes {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            state: Arc::default(),
        }
    }

    /// Starts an attempt for the beat `id`.
    pub(crate) fn attempt(self, id: Option<HeaderValue>, since: Instant) -> Counted {
        let mut state = self.state();
        state.open += 1;
        if state.unfinished.take().is_some_and(|last| Some(last) != id) {
            self.metrics.beat(None);
        }
        drop(state);
        Counted {
            outcomes: self,
            id,
            since,
            status: None,
        }
    }

    /// The guest has ended: what it has not delivered it never will.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        let unfinished = usize::from(state.unfinished.take().is_some());
        for _ in 0..state.open + unfinished {
            self.metrics.beat(None);
        }
    }

    fn over(&self, id: Option<HeaderValue>, status: Option<u16>, time: Duration) {
        let verdict = status.map(verdict);
        self.metrics.attempt(verdict, time);
        let mut state = self.state();
        state.open -= 1;
        if state.ended {
            return;
        }
        match verdict {
            Some(Verdict::Delivered | Verdict::Rejected | Verdict::Gone) => {
                self.metrics.beat(verdict);
            }
            Some(Verdict::Retryable) | None => {
                if id.is_some() && state.unfinished.take().is_some_and(|last| Some(last) != id) {
                    self.metrics.beat(None);
                }
                state.unfinished = id.or(state.unfinished.take());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt. Dropped without an answer, it counts as one that got none: the guest may give up before the client does.
pub(crate) struct Counted {
    outcomes: Outcomes,
    id: Option<HeaderValue>,
    since: Instant,
    status: Option<u16>,
}

impl Counted {
    /// The sink answered with this HTTP status.
    pub(crate) fn answer(mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let time = self.since.elapsed();
        self.outcomes.over(self.id.take(), self.status, time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(outcomes: &Outcomes, id: &'static str) -> Counted {
        let id = HeaderValue::from_static(id);
        outcomes.clone().attempt(Some(id), Instant::now())
    }

    fn told(metrics: &Metrics, lines: &[&str]) {
        let text = metrics.text();
        for line in lines {
            let told = format!("heartbeats_{line}");
            assert!(text.lines().any(|known| known == told), "{line} in {text}");
        }
    }

    #[test]
    fn a_beat_is_counted_once_however_often_it_is_tried() {
        let metrics = Metrics::default();
        let outcomes = Outcomes::new(metrics.clone());
        for (id, status) in [
            ("a", Some(503)),
            ("a", None),
            ("a", Some(202)),
            ("b", Some(503)),
            ("b", None),
            ("c", Some(400)),
            ("d", Some(410)),
            ("e", Some(200)),
        ] {
            let attempt = attempt(&outcomes, id);
            match status {
                Some(status) => attempt.answer(status),
                None => drop(attempt),
            }
        }
        drop(outcomes.clone().attempt(None, Instant::now()));
        outcomes.end();
        told(
            &metrics,
            &[
                "beats_total{outcome=\"delivered\"} 2",
                "beats_total{outcome=\"given_up\"} 1",
                "beats_total{outcome=\"rejected\"} 1",
                "beats_total{outcome=\"gone\"} 1",
                "attempts_total{outcome=\"retryable\"} 2",
                "attempts_total{outcome=\"unanswered\"} 3",
                "attempt_seconds_count 9",
                "attempt_seconds_bucket{le=\"0.004\"} 9",
                "limit_hits_total{limit=\"memory\"} 0",
            ],
        );
    }

    #[test]
    fn the_last_beat_is_given_up_with_the_guest() {
        for last in [Some(503), None] {
            let metrics = Metrics::default();
            let outcomes = Outcomes::new(metrics.clone());
            let attempt = attempt(&outcomes, "a");
            match last {
                Some(status) => attempt.answer(status),
                None => drop(attempt),
            }
            told(&metrics, &["beats_total{outcome=\"given_up\"} 0"]);
            outcomes.end();
            told(&metrics, &["beats_total{outcome=\"given_up\"} 1"]);
        }
    }

    #[test]
    fn a_beat_under_way_at_the_end_is_given_up_and_counted_once() {
        let metrics = Metrics::default();
        let outcomes = Outcomes::new(metrics.clone());
        attempt(&outcomes, "a").answer(503);
        let second = attempt(&outcomes, "a");
        outcomes.end();
        second.answer(202);
        told(
            &metrics,
            &[
                "beats_total{outcome=\"given_up\"} 1",
                "beats_total{outcome=\"delivered\"} 0",
            ],
        );
    }
}

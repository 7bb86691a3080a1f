//! What became of a source's beats, as seen from its requests.
//!
//! A beat whose answer allows another attempt is given up when the next beat comes, which has another `ce-id`. Where events
//! have no such header (structured mode), a beat that was given up cannot be told from one that is tried again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use heartbeats::delivery::{Verdict, verdict};
use http::HeaderValue;

use super::Metrics;

/// The beats of one source. Clones share them.
#[derive(Clone)]
pub(crate) struct Outcomes {
    metrics: Metrics,
    /// The beat whose last answer was not final.
    unfinished: Arc<Mutex<Option<HeaderValue>>>,
}

impl Outcomes {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            unfinished: Arc::default(),
        }
    }

    /// Starts an attempt for the beat `id`.
    pub(crate) fn attempt(self, id: Option<HeaderValue>, since: Instant) -> Counted {
        Counted {
            outcomes: self,
            id,
            since,
            status: None,
        }
    }

    fn over(&self, id: Option<&HeaderValue>, status: Option<u16>, time: Duration) {
        let verdict = status.map(verdict);
        self.metrics.attempt(verdict, time);
        let mut unfinished = self
            .unfinished
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if unfinished.as_ref().is_some_and(|last| Some(last) != id) {
            self.metrics.beat(None);
        }
        *unfinished = match verdict {
            Some(Verdict::Delivered | Verdict::Rejected | Verdict::Gone) => {
                self.metrics.beat(verdict);
                None
            }
            Some(Verdict::Retryable) | None => id.cloned(),
        };
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
        self.outcomes.over(self.id.as_ref(), self.status, time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let id = HeaderValue::from_static(id);
            outcomes.over(Some(&id), status, Duration::from_millis(3));
        }
        drop(outcomes.attempt(None, Instant::now()));
        let text = metrics.text();
        for line in [
            "heartbeats_beats_total{outcome=\"delivered\"} 2",
            "heartbeats_beats_total{outcome=\"given_up\"} 1",
            "heartbeats_beats_total{outcome=\"rejected\"} 1",
            "heartbeats_beats_total{outcome=\"gone\"} 1",
            "heartbeats_attempts_total{outcome=\"retryable\"} 2",
            "heartbeats_attempts_total{outcome=\"unanswered\"} 3",
            "heartbeats_attempt_seconds_count 9",
            "heartbeats_attempt_seconds_bucket{le=\"0.004\"} 9",
            "heartbeats_attempt_seconds_bucket{le=\"0.002\"} 1",
            "heartbeats_limit_hits_total{limit=\"memory\"} 0",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in {text}");
        }
    }
}

//! The figures, for Prometheus.

use std::sync::Arc;
use std::time::Duration;

use heartbeats::delivery::Verdict;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::sandbox::Limit;

/// The figures of one process. Clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Figures>);

struct Figures {
    registry: Registry,
    /// Of the beats as they are seen from requests, which is enough for one source; `serve` knows of each tick.
    of_one_source: Registry,
    beats: Family<Label, Counter>,
    attempts: Family<Label, Counter>,
    seconds: Histogram,
    denials: Counter,
    limit_hits: Family<Label, Counter>,
    spans_dropped: Counter,
    memory: Gauge,
}

/// What the names of all figures begin with.
pub(crate) const PREFIX: &str = "heartbeats";

type Label = [(&'static str, &'static str); 1];

/// From half a millisecond to a minute and more.
const BUCKETS: (f64, f64, u16) = (0.0005, 2.0, 18);

impl Default for Metrics {
    fn default() -> Self {
        let (start, factor, count) = BUCKETS;
        let mut figures = Figures {
            registry: Registry::with_prefix(PREFIX),
            of_one_source: Registry::with_prefix(PREFIX),
            beats: Family::default(),
            attempts: Family::default(),
            seconds: Histogram::new(exponential_buckets(start, factor, count)),
            denials: Counter::default(),
            limit_hits: Family::default(),
            spans_dropped: Counter::default(),
            memory: Gauge::default(),
        };
        figures.of_one_source.register(
            "beats",
            "Beats that are over: delivered, rejected or given up, or the sink was gone",
            figures.beats.clone(),
        );
        let registry = &mut figures.registry;
        registry.register(
            "attempts",
            "Requests for beats, by what the answer means; unanswered: there was none",
            figures.attempts.clone(),
        );
        registry.register(
            "attempt_seconds",
            "Time from a request's start to the head of its answer, or to its failure",
            figures.seconds.clone(),
        );
        registry.register(
            "denials",
            "Requests that the egress policy refused",
            figures.denials.clone(),
        );
        registry.register(
            "limit_hits",
            "How often a source ran into a limit of its sandbox",
            figures.limit_hits.clone(),
        );
        registry.register(
            "spans_dropped",
            "Spans that were sampled and not exported",
            figures.spans_dropped.clone(),
        );
        registry.register(
            "guest_memory_bytes",
            "Linear memory of all running sandboxes",
            figures.memory.clone(),
        );
        // A figure that is not there cannot be told from one that is zero.
        for outcome in ["delivered", "rejected", "gone", GIVEN_UP] {
            figures
                .beats
                .get_or_create(&label("outcome", outcome))
                .inc_by(0);
        }
        for outcome in ["delivered", "retryable", "rejected", "gone", UNANSWERED] {
            figures
                .attempts
                .get_or_create(&label("outcome", outcome))
                .inc_by(0);
        }
        for limit in Limit::ALL {
            figures
                .limit_hits
                .get_or_create(&label("limit", limit.name()))
                .inc_by(0);
        }
        Self(Arc::new(figures))
    }
}

const GIVEN_UP: &str = "given_up";
const UNANSWERED: &str = "unanswered";

impl Metrics {
    /// All figures of one source in the OpenMetrics text format.
    pub(crate) fn text(&self) -> String {
        self.text_with(&self.0.of_one_source)
    }

    /// These figures, and `more`, in the OpenMetrics text format.
    pub(crate) fn text_with(&self, more: &Registry) -> String {
        let mut text = String::new();
        let written = encode_registry(&mut text, more)
            .and_then(|()| encode_registry(&mut text, &self.0.registry))
            .and_then(|()| encode_eof(&mut text));
        // Writing to a string does not fail.
        written.map_or_else(|std::fmt::Error| String::new(), |()| text)
    }

    /// An attempt, and what came of it; `None`: no answer.
    pub(super) fn attempt(&self, verdict: Option<Verdict>, time: Duration) {
        let outcome = verdict.map_or(UNANSWERED, name);
        let attempts = &self.0.attempts;
        attempts.get_or_create(&label("outcome", outcome)).inc();
        self.0.seconds.observe(time.as_secs_f64());
    }

    /// A beat that is over; `None`: it was given up.
    pub(super) fn beat(&self, verdict: Option<Verdict>) {
        let outcome = verdict.map_or(GIVEN_UP, name);
        let beats = &self.0.beats;
        beats.get_or_create(&label("outcome", outcome)).inc();
    }

    pub(crate) fn denial(&self) {
        self.0.denials.inc();
    }

    pub(crate) fn hit(&self, limit: Limit) {
        let hits = &self.0.limit_hits;
        hits.get_or_create(&label("limit", limit.name())).inc();
    }

    /// Counts spans that were not exported. How many were counted before.
    pub(super) fn spans_dropped(&self, spans: u64) -> u64 {
        self.0.spans_dropped.inc_by(spans)
    }

    pub(crate) fn memory_grew(&self, bytes: usize) {
        self.0
            .memory
            .inc_by(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(crate) fn memory_shrank(&self, bytes: usize) {
        self.0
            .memory
            .dec_by(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

fn label(name: &'static str, value: &'static str) -> Label {
    [(name, value)]
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Delivered => "delivered",
        Verdict::Retryable => "retryable",
        Verdict::Rejected => "rejected",
        Verdict::Gone => "gone",
    }
}

//! Limits that a guest hits by its requests: it gets an error, the log a line, the metrics a count.

use wasmtime_wasi_http::Error;

use crate::sandbox::{Limit, Limits};
use crate::sparing::Sparing;
use crate::telemetry::Metrics;

/// The limits of one sandbox.
pub(super) struct Hits {
    limits: Limits,
    metrics: Metrics,
    lines: Sparing,
}

impl Hits {
    pub(super) fn new(limits: Limits, metrics: Metrics) -> Self {
        Self {
            limits,
            metrics,
            lines: Sparing::default(),
        }
    }

    /// How long a body may be.
    pub(super) fn bytes(&self, limit: Limit) -> u64 {
        match limit {
            Limit::RequestBody => self.limits.request_bytes,
            _ => self.limits.answer_bytes,
        }
    }

    /// One request too many.
    pub(super) fn too_many(&self) -> Error {
        self.report(Limit::Requests);
        Error::ConnectionLimitReached
    }

    /// A body that is too long.
    pub(super) fn too_long(&self, limit: Limit) -> Error {
        self.report(limit);
        match limit {
            Limit::RequestBody => Error::HttpRequestBodySize(Some(self.bytes(limit))),
            _ => Error::HttpResponseBodySize(Some(self.bytes(limit))),
        }
    }

    fn report(&self, limit: Limit) {
        self.metrics.hit(limit);
        if let Some(times) = self.lines.due() {
            tracing::warn!(times, "{}", self.limits.hit(limit));
        }
    }
}

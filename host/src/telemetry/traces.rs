//! Spans: one for each request, one trace for each event.
//!
//! | module | what |
//! |---|---|
//! | `tracer` | begins spans, and writes `traceparent` into requests |
//! | `exporter` | the queue of spans that have ended, and the task that sends them off |
//! | `transport` | the exporter's requests, by a client of their own |

mod exporter;
mod tracer;
mod transport;

pub use exporter::{Exporter, ExporterError, Service};
pub use tracer::Tracer;

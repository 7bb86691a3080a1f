//! What the host tells about itself: metrics, traces, and whether it is well.

mod health;
mod lines;
mod metrics;
mod observability;
mod outcomes;
mod server;
mod traces;

pub use health::Health;
pub(crate) use lines::LoggedLines;
pub use metrics::Metrics;
pub(crate) use metrics::PREFIX;
pub use observability::{ObservabilityError, TracingSettings};
pub(crate) use outcomes::Outcomes;
pub(crate) use server::OPEN_METRICS;
pub use server::watch;
pub use traces::{Exporter, ExporterError, Service, Tracer};

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
pub use observability::{ObservabilityError, TracingSettings};
pub(crate) use outcomes::Outcomes;
pub use server::Server;
pub use traces::{Exporter, ExporterError, Service, Tracer};

//! What the host tells about itself: metrics, and whether it is well.

mod health;
mod lines;
mod metrics;
mod outcomes;
mod server;

pub use health::Health;
pub(crate) use lines::LoggedLines;
pub use metrics::Metrics;
pub(crate) use outcomes::Outcomes;
pub use server::Server;

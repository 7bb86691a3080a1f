//! The settings of a source.
mod sink;
pub use sink::{Origin, Scheme, sink_origin};

//! Runs event sources that are WebAssembly components: each in a sandbox that can reach its sink and nothing else.
//!
//! | module | what |
//! |---|---|
//! | [`engine`] | wasmtime's settings, the compilation cache, components ready to run |
//! | [`sandbox`] | what a guest is given: arguments, variables, two lines-only outputs, and limits on all of it |
//! | [`egress`] | which requests may leave, decided before any connection |
//! | [`client`] | the pooled HTTP client behind the egress |
//! | [`identity`] | the token that the host shows to the sink |
//! | [`beats`] | whether a beat is still in flight |
//! | [`event`] | what a request tells about the event in it |
//! | [`environment`] | the variables that a source sees |
//! | [`shutdown`] | signals |
//! | [`manifest`] | documents that say which sources there are |
//! | [`mod@run`] | one source, as a container's entrypoint |
//! | [`telemetry`] | metrics, traces, and whether the host is well |
//! | [`serve`] | a great many sources in one process |
//! | [`check`] | whether manifests and components are right |
//! | [`display`] | a sink that shows the events it receives |
//! | [`demo`] | a source and a display in one process |
//!
//! No guest's request leaves the host but through [`egress`]: wasmtime's own HTTP client is not even compiled in.

pub mod beats;
pub mod check;
pub mod client;
pub mod demo;
pub mod display;
pub mod egress;
pub mod engine;
pub mod environment;
mod error;
pub mod event;
#[cfg(test)]
mod fixture;
pub mod identity;
mod listener;
pub mod manifest;
mod quantity;
pub mod run;
pub mod sandbox;
pub mod serve;
pub mod shutdown;
mod sparing;
mod stamp;
pub mod telemetry;

pub use error::Error;
pub use listener::Listener;

/// The heartbeats component with all its doors, built from the sources of this workspace.
pub const HEARTBEATS: &[u8] = include_bytes!(env!("HEARTBEATS_WASM"));

/// The same with the door `heartbeats:source/ticker` alone, built for speed.
pub const TICKER: &[u8] = include_bytes!(env!("HEARTBEATS_TICKER"));

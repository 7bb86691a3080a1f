//! Knative's heartbeats event source: pure logic, tested natively, behind the doors of a WebAssembly component.
pub mod config;
pub mod delivery;
pub mod event;
pub mod go;
#[cfg(all(
    target_family = "wasm",
    any(feature = "run", feature = "http", feature = "ticker")
))]
mod guest;
pub mod pulse;
pub mod text;

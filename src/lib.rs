//! Knative's heartbeats event source: pure logic, tested natively, behind the doors of a WebAssembly component.
pub mod config;
pub mod delivery;
pub mod event;
pub mod go;
pub mod pulse;
pub mod text;

//! Knative's heartbeats event source: pure logic, tested natively, behind the doors of a WebAssembly component.
//!
//! [`config`] reads the settings, [`event`] makes CloudEvents and writes them into requests, [`delivery`] judges answers,
//! [`pulse`] is the loop over all three. None of them knows WASI, a clock or a network: without `std` they can't.

#![no_std]

extern crate alloc;
// For its panic handler and allocator, which the component brings itself or gets from the HTTP door's library.
#[cfg(not(target_family = "wasm"))]
extern crate std;

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

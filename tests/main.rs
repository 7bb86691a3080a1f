//! What the project promises, tried on the real binary, the real `wasmtime` command line and real sockets.
//!
//! One binary with a module for each behaviour. `make test` runs it, and sets what it needs: `WASMTIME`, the `wasmtime` command
//! line, and `PYTHON`, an interpreter with the packages of `requirements.txt`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

mod beating;
mod caching;
mod component;
mod decoding;
mod delivering;
mod faults;
mod golden;
mod https;
mod identity;
mod laws;
mod logging;
mod sandbox;
mod serve_door;
mod settings;
mod spin;
mod stopping;
mod ticker;

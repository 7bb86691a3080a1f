//! What the project promises, tried on the real binary, the real `wasmtime` command line and real sockets.
//!
//! One binary with a module for each behaviour. `make test` runs it, and sets what it needs: `WASMTIME` and `WASM_TOOLS`, the
//! command lines of these names, and `PYTHON`, an interpreter with the packages of `requirements.txt`. The module `deployed`
//! needs more; `make test-deployed` runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

mod beating;
mod caching;
mod component;
mod decoding;
mod delivering;
mod deployed;
mod faults;
mod golden;
mod https;
mod identity;
mod laws;
mod limits;
mod logging;
mod proxies;
mod sandbox;
mod serve_door;
mod serving;
mod settings;
mod spin;
mod stopping;
mod ticker;
mod tracing;
mod watching;

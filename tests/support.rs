//! The helpers: a recording [`Sink`], the programs under test as a [`Source`], and small things around them.

mod answer;
mod cargo;
mod client;
mod collector;
mod interfaces;
mod log;
mod percent;
mod program;
mod request;
mod running;
mod sink;
mod socks;
mod source;
mod tls;
mod tunnel;
mod wire;

pub(crate) mod guests;
pub(crate) mod image;

pub(crate) use answer::Answer;
pub(crate) use cargo::{cargo, root};
pub(crate) use client::{Reply, call};
pub(crate) use collector::Collector;
pub(crate) use interfaces::{Interfaces, unversioned};
pub(crate) use log::{json_lines, lines_with};
pub(crate) use percent::percent_decoded;
pub(crate) use program::{clean, component_file, host, python, scratch, wasm_tools, wasmtime};
pub(crate) use request::Request;
pub(crate) use running::{Ended, Running, memory_of};
pub(crate) use sink::{Greeting, Sink};
pub(crate) use socks::Socks;
pub(crate) use source::Source;
pub(crate) use tls::Authority;
pub(crate) use tunnel::Tunnel;

use std::time::Duration;

/// Longer than anything here takes on a slow machine: a test that meets it has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

//! The host's own log: lines on standard error, in UTC.

use std::env;
use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Starts the log at the level `info`, or at what `RUST_LOG` says.
pub(crate) fn start() {
    let level = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colour =
        io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt()
        .with_env_filter(level)
        .with_writer(io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .init();
}

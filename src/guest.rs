//! The component's edges: WASI on one side, the pure core on the other. Nothing else in this crate names a WASI type.

#[cfg(not(feature = "http"))]
mod alone;
mod error_code;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "run")]
mod run;
mod send;
#[cfg(feature = "ticker")]
mod ticker;
mod wasi_world;

use crate::config::{Config, LogFormat, Problems, Start};

/// Reads the settings from the command line and environment that the platform gives.
fn settings() -> Result<Start, (Problems, LogFormat)> {
    let mut args = wasi::cli::environment::get_arguments();
    // The program's name.
    args.drain(..args.len().min(1));
    let variables = wasi::cli::environment::get_environment();
    let env = |name: &str| {
        variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    Config::read(&args, &env).map_err(|problems| (problems, Config::log_format(&args)))
}

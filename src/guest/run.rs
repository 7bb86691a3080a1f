//! The door `wasi:cli/run`: the original's loop.

use wasi::exports::cli::run::Guest;

use super::wasi_world::{WasiWorld, print, write_line};
use crate::config::{Start, usage};
use crate::pulse::{Ending, World, log, run};

struct Heart;

impl Guest for Heart {
    /// WASI 0.2 knows only one failure: exit status 1. Why stands in the log by then.
    fn run() -> Result<(), ()> {
        let mut world = WasiWorld;
        let config = match super::settings() {
            Ok(Start::Run(config)) => config,
            Ok(Start::Help) => {
                print(&usage());
                return Ok(());
            }
            Err((problems, format)) => {
                write_line(&log::problems(&problems, format, world.wall()));
                return Err(());
            }
        };
        match run(&config, &mut world) {
            Ending::Delivered => Ok(()),
            Ending::GivenUp | Ending::Gone => Err(()),
        }
    }
}

#[allow(unsafe_code, reason = "the macro makes the export")]
mod export {
    use super::Heart;
    wasi::cli::command::export!(Heart);
}

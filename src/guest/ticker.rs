//! The door `heartbeats:source/ticker`: for hosts that own the clock.

use super::wasi_world::WasiWorld;
use crate::config::{Config, Start};
use crate::delivery::Attempt;
use crate::event::Timestamp;
use crate::pulse::{Beat, attempt, nanos};
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use bindings::exports::heartbeats::source::ticker::{Failure, Guest, Rejected, Retryable, Tick};

#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    reason = "the macro makes all of it"
)]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "source" });
    export!(Heart with_types_in self);
    use super::Heart;
}

struct Heart;

impl Guest for Heart {
    fn check() -> Result<(), String> {
        settings().map(|_| ())
    }

    /// Logs nothing: the host does, which knows whose tick it is and whether it will be tried again.
    fn fire(tick: Tick) -> Result<(), Failure> {
        let config = settings().map_err(Failure::Misconfigured)?;
        let beat = Beat {
            id: tick.id,
            sequence: tick.sequence,
            time: Timestamp::from_unix_nanos(tick.due),
        };
        match attempt(&config, &beat, &mut WasiWorld) {
            Attempt::Delivered(_) => Ok(()),
            Attempt::Retryable { reason, after } => Err(Failure::Retryable(Retryable {
                reason,
                after: after.map(nanos),
            })),
            Attempt::Rejected { status, reason } => {
                Err(Failure::Rejected(Rejected { status, reason }))
            }
            Attempt::Gone => Err(Failure::Gone),
            Attempt::Denied(remedy) => Err(Failure::Misconfigured(remedy)),
        }
    }
}

fn settings() -> Result<Config, String> {
    match super::settings() {
        Ok(Start::Run(config)) => Ok(*config),
        Ok(Start::Help) => Err("--help is no setting of a ticking source".to_owned()),
        Err((problems, _)) => Err(problems.to_string()),
    }
}

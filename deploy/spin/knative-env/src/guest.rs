//! The component's edges.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bindings::exports::wasi::cli::environment::Guest;
use bindings::fermyon::spin::variables::{self, Error};
use wasi::cli::environment as platform;
use wasi::cli::stderr;

// What a component without `std` needs is written down once.
#[path = "../../../../src/guest/alone.rs"]
mod alone;

#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    reason = "the macro makes all of it"
)]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "knative-env", generate_all });
    export!(KnativeEnv with_types_in self);
    use super::KnativeEnv;
}

struct KnativeEnv;

impl Guest for KnativeEnv {
    /// Traps where a variable's provider fails: a source must not beat with half of its settings.
    fn get_environment() -> Vec<(String, String)> {
        match crate::environment(platform::get_environment(), variable) {
            Ok(environment) => environment,
            Err(problem) => {
                let _ = stderr::get_stderr().blocking_write_and_flush(problem.as_bytes());
                panic!()
            }
        }
    }

    fn get_arguments() -> Vec<String> {
        platform::get_arguments()
    }

    fn initial_cwd() -> Option<String> {
        platform::initial_cwd()
    }
}

fn variable(name: &str) -> Result<Option<String>, String> {
    match variables::get(name) {
        Ok(value) => Ok(Some(value)),
        Err(Error::Undefined(_)) => Ok(None),
        Err(Error::InvalidName(reason) | Error::Provider(reason) | Error::Other(reason)) => Err(
            format!("knative-env: cannot get the variable {name}: {reason:.1000}\n"),
        ),
    }
}

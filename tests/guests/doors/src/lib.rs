//! Traps behind every door of a source: `wasi:cli/run`, `wasi:http/incoming-handler`, `heartbeats:source/ticker`.

use wasi::exports::cli::run;
use wasi::exports::http::incoming_handler;
use wasi::http::types::{IncomingRequest, ResponseOutparam};

use bindings::exports::heartbeats::source::ticker::{Failure, Guest as Ticker, Tick};

mod bindings {
    wit_bindgen::generate!({ path: "../../../wit", world: "source" });
    export!(Trap with_types_in self);
    use super::Trap;
}

struct Trap;

wasi::cli::command::export!(Trap);
wasi::http::proxy::export!(Trap);

impl run::Guest for Trap {
    fn run() -> Result<(), ()> {
        panic!("behind the door run")
    }
}

impl incoming_handler::Guest for Trap {
    fn handle(_: IncomingRequest, _: ResponseOutparam) {
        panic!("behind the door incoming-handler")
    }
}

impl Ticker for Trap {
    fn check() -> Result<(), String> {
        panic!("behind the door ticker")
    }

    fn fire(_: Tick) -> Result<(), Failure> {
        panic!("behind the door ticker")
    }
}

//! The epoch's clock.

use std::io;
use std::thread;
use std::time::Duration;

/// How long a computing guest can keep its thread before other tasks (signals, time-outs) get a turn.
const EPOCH: Duration = Duration::from_millis(10);

/// Advances the engine's epoch until the engine is dropped.
pub(super) fn start(engine: &wasmtime::Engine) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("epoch".into()).spawn(move || {
        loop {
            thread::sleep(EPOCH);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => break,
            }
        }
    })?;
    Ok(())
}

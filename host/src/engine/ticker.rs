//! The epoch's clock.

use std::io;
use std::thread;
use std::time::Duration;

/// Advances the engine's epoch at this interval until the engine is dropped. It is how long a computing guest can keep its
/// thread before other tasks (signals, time-outs, other guests) get a turn.
pub(super) fn start(engine: &wasmtime::Engine, epoch: Duration) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new().name("epoch".into()).spawn(move || {
        loop {
            thread::sleep(epoch);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => break,
            }
        }
    })?;
    Ok(())
}

//! The epoch's clock.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// Advances an engine's epoch while guests run, and rests when they do: a process that has nothing to do must not wake up a
/// thousand times a second.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Default)]
struct Shared {
    /// A guest has run since this was last looked at.
    used: AtomicBool,
    parked: AtomicBool,
}

/// So long without a guest ends in a rest.
const IDLE: Duration = Duration::from_millis(100);
/// At least so often it is looked whether the engine is still there.
const GLANCE: Duration = Duration::from_secs(10);

impl Ticker {
    /// Starts the clock; it ends when the engine is dropped. `epoch` is how long a computing guest can keep its thread before
    /// other tasks (signals, time-outs, other guests) get a turn.
    pub(super) fn start(engine: &wasmtime::Engine, epoch: Duration) -> io::Result<Self> {
        let engine = engine.weak();
        let shared = Arc::new(Shared::default());
        let clock = shared.clone();
        let handle = thread::Builder::new().name("epoch".into()).spawn(move || {
            let mut idle = Duration::ZERO;
            loop {
                thread::sleep(epoch);
                idle = if clock.used.swap(false, Ordering::SeqCst) {
                    Duration::ZERO
                } else {
                    idle + epoch
                };
                if idle >= IDLE {
                    clock.rest();
                    idle = Duration::ZERO;
                }
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => break,
                }
            }
        })?;
        Ok(Self {
            shared,
            thread: handle.thread().clone(),
        })
    }

    /// A guest is about to run.
    pub(crate) fn wake(&self) {
        self.shared.used.store(true, Ordering::SeqCst);
        if self.shared.parked.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
    }
}

impl Shared {
    /// Waits for a guest, or for [`GLANCE`].
    fn rest(&self) {
        self.parked.store(true, Ordering::SeqCst);
        // What was stored before this thread was seen to park is seen here.
        if !self.used.load(Ordering::SeqCst) {
            thread::park_timeout(GLANCE);
        }
        self.parked.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guest that computes for ever, called with a deadline of one epoch after the clock has gone to rest: only an epoch ends it.
    #[test]
    fn a_clock_that_rests_is_woken_by_the_next_guest() {
        let mut config = wasmtime::Config::new();
        config.epoch_interruption(true);
        let engine = wasmtime::Engine::new(&config).unwrap();
        let ticker = Ticker::start(&engine, Duration::from_millis(1)).unwrap();
        while !ticker.shared.parked.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        // (module (func (export "f") (loop br 0)))
        let endless = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x09\x01\x07\0\x03\x40\x0c\0\x0b\x0b";
        let module = wasmtime::Module::from_binary(&engine, endless).unwrap();
        let mut store = wasmtime::Store::new(&engine, ());
        store.set_epoch_deadline(1);
        let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
        let call = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
        ticker.wake();
        assert!(call.call(&mut store, ()).is_err());
    }
}

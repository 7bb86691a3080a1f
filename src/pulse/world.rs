//! All that the loop needs of the world around it.

use core::time::Duration;

use crate::config::Sink;
use crate::delivery::{Answer, Fault};
use crate::event::{Message, Timestamp};

/// Clocks, sleep, chance, the network and the log: WASI's in the component, made up in tests.
pub trait World {
    /// A clock that never goes back.
    fn monotonic(&self) -> Duration;
    /// The time of day.
    fn wall(&self) -> Timestamp;
    /// Returns when the monotonic clock has reached this point.
    fn sleep_until(&mut self, at: Duration);
    /// Uniform bits.
    fn random(&mut self) -> u64;
    /// POSTs once; returns within the time-out.
    ///
    /// # Errors
    /// Why there was no answer.
    fn post(&mut self, sink: &Sink, message: &Message, timeout: Duration) -> Result<Answer, Fault>;
    /// Writes a line to the log.
    fn log(&mut self, line: &str);
}

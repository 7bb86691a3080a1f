//! WASI as the world of the loop.

use alloc::format;
use core::time::Duration;

use wasi::cli::stderr;
use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::io::streams::OutputStream;

use super::send::send;
use crate::config::Sink;
use crate::delivery::{Answer, Fault};
use crate::event::{Message, Timestamp};
use crate::pulse::{World, nanos};

/// The clocks, chance, network and standard error of the platform.
pub(super) struct WasiWorld;

impl World for WasiWorld {
    fn monotonic(&self) -> Duration {
        Duration::from_nanos(monotonic_clock::now())
    }

    fn wall(&self) -> Timestamp {
        let now = wall_clock::now();
        Timestamp::from_unix_nanos(
            now.seconds
                .saturating_mul(1_000_000_000)
                .saturating_add(now.nanoseconds.into()),
        )
    }

    fn sleep_until(&mut self, at: Duration) {
        monotonic_clock::subscribe_instant(nanos(at)).block();
    }

    fn random(&mut self) -> u64 {
        wasi::random::random::get_random_u64()
    }

    fn post(&mut self, sink: &Sink, message: &Message, timeout: Duration) -> Result<Answer, Fault> {
        send(sink, message, timeout)
    }

    fn log(&mut self, line: &str) {
        write_line(line);
    }
}

/// Writes a line to standard error. A log that can not be written must not stop the heart.
pub(super) fn write_line(line: &str) {
    write(&stderr::get_stderr(), &format!("{line}\n"));
}

/// Writes to standard output.
#[cfg(feature = "run")]
pub(super) fn print(text: &str) {
    write(&wasi::cli::stdout::get_stdout(), text);
}

fn write(stream: &OutputStream, text: &str) {
    // The most that WASI lets one call write.
    for chunk in text.as_bytes().chunks(4096) {
        if stream.blocking_write_and_flush(chunk).is_err() {
            return;
        }
    }
}

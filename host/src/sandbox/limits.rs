//! How much of everything a guest may use.

mod hit;
mod setting;

use std::time::Duration;

pub(crate) use hit::hit_by;
pub use hit::{Hit, Limit};
pub use setting::{Setting, SettingError};

/// Where an operator sets limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// By `--limit`, each of them.
    Flags,
    /// In `spec.limits` of a source's manifest, some of them.
    Manifest,
}

/// Limits on one sandbox. Exceeding one of them traps the guest, unless its field says otherwise.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one linear memory.
    pub memory_bytes: usize,
    /// Linear memories.
    pub memories: usize,
    /// Tables.
    pub tables: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// Core instances; one component of Rust makes about four.
    pub instances: usize,
    /// Live resources, such as requests, streams and timers.
    pub handles: usize,
    /// Bytes that one call can pass to the host.
    pub hostcall_bytes: usize,
    /// Bytes of one set of header fields in the host's memory, which takes more than on the wire.
    pub header_bytes: usize,
    /// Bytes of random data in one call.
    pub random_bytes: u64,
    /// Requests at the same time; one more is answered with `connection-limit-reached`.
    pub requests: usize,
    /// Bytes of one request's body; a longer one fails with `HTTP-request-body-size`.
    pub request_bytes: u64,
    /// Bytes of one answer's body that it can read; more fail with `HTTP-response-body-size`.
    pub answer_bytes: u64,
    /// Bytes a second on standard output and error together; a guest that writes more is held back.
    pub log_bytes: u64,
    /// Computing: at a stretch or in one call, as its [thread](super::Thread) is. Looked at when an epoch ends: every 100 ms in
    /// `run`, every millisecond in `serve`.
    pub cpu: Duration,
    /// One call from its start to its end; `None`: for ever.
    pub wall: Option<Duration>,
    /// Where they can be raised.
    pub set_by: SetBy,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 16 << 20,
            memories: 1,
            tables: 8,
            table_elements: 10_000,
            instances: 16,
            handles: 256,
            hostcall_bytes: 1 << 20,
            // An event has at most 64 KiB on the wire (CloudEvents, size limits), and may be all header.
            header_bytes: 128 << 10,
            random_bytes: 4 << 10,
            requests: 16,
            request_bytes: 1 << 20,
            answer_bytes: 1 << 20,
            log_bytes: 256 << 10,
            cpu: Duration::from_secs(5),
            wall: None,
            set_by: SetBy::Flags,
        }
    }
}

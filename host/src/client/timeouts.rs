//! How long each step of a request may take.

use std::time::Duration;

use wasmtime_wasi_http::RequestOptions;

/// Where the guest sets none.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(30);
/// A guest can ask neither for no time at all, which would fail every request, nor to hold a connection for ever.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(3600);

/// The time-outs of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For name, TCP and TLS together, or until a pooled connection is free.
    pub connect: Duration,
    /// From there to the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the answer's body.
    pub between_bytes: Duration,
}

impl Timeouts {
    /// What the guest asked for, within bounds.
    pub fn new(options: Option<RequestOptions>) -> Self {
        let options = options.unwrap_or_default();
        let bounded =
            |asked: Option<Duration>, default| asked.unwrap_or(default).clamp(SHORTEST, LONGEST);
        Self {
            connect: bounded(options.connect_timeout, CONNECT),
            first_byte: bounded(options.first_byte_timeout, ANSWER),
            between_bytes: bounded(options.between_bytes_timeout, ANSWER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_decides_within_bounds() {
        let options = RequestOptions {
            connect_timeout: Some(Duration::ZERO),
            first_byte_timeout: Some(Duration::MAX),
            between_bytes_timeout: Some(Duration::from_secs(2)),
        };
        let expected = Timeouts {
            connect: SHORTEST,
            first_byte: LONGEST,
            between_bytes: Duration::from_secs(2),
        };
        assert_eq!(Timeouts::new(Some(options)), expected);
        assert_eq!(Timeouts::new(None).connect, CONNECT);
    }
}

//! What a sink's answer means.

/// What a sink's answer means for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx.
    Delivered,
    /// A later attempt may succeed.
    Retryable,
    /// A later attempt would be refused too.
    Rejected,
    /// 410: the sink is gone for good.
    Gone,
}

/// The verdict on an HTTP status.
pub fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Delivered,
        410 => Verdict::Gone,
        404 | 408 | 409 | 429 | 500..=599 => Verdict::Retryable,
        _ => Verdict::Rejected,
    }
}

//! What becomes of an attempt to deliver an event, by the Knative data plane specification.

use alloc::format;
use alloc::string::String;
mod backoff;
mod retry_after;

use core::time::Duration;

use crate::event::Timestamp;
use crate::text::quote;
pub use backoff::{backoff, jittered};

/// What a sink answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`, as sent.
    pub retry_after: Option<String>,
    /// The beginning of the body of an answer that is no success.
    pub body: String,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection, no answer in time, a broken answer: why.
    NoAnswer(String),
    /// The platform does not let the source send there: what to do about it.
    Denied(String),
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The sink took the event.
    Delivered(u16),
    /// A later attempt may succeed.
    Retryable {
        /// Why it failed, on one line.
        reason: String,
        /// How long the sink asks to wait.
        after: Option<Duration>,
    },
    /// The sink refused this event; a later attempt would be refused too.
    Rejected {
        /// The HTTP status.
        status: u16,
        /// Why it failed, on one line.
        reason: String,
    },
    /// The sink is gone for good.
    Gone,
    /// The platform does not let the source send there: what to do about it.
    Denied(String),
}

/// What an HTTP status means for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The sink has it.
    Delivered,
    /// A later attempt may succeed.
    Retryable,
    /// A later attempt would be refused too.
    Rejected,
    /// The sink is gone for good.
    Gone,
}

/// The verdict on an HTTP status: Knative data plane specification, "Event delivery retry"; 410 stops a sender by the
/// CloudEvents web hook specification. A redirect is a failure, and never followed.
pub fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Delivered,
        404 | 408 | 409 | 429 | 500..=599 => Verdict::Retryable,
        410 => Verdict::Gone,
        _ => Verdict::Rejected,
    }
}

/// How many characters of a sink's answer a reason quotes.
const MAX_QUOTED: usize = 200;

impl Attempt {
    /// Judges what came of a request at this time.
    pub fn judge(result: Result<Answer, Fault>, now: Timestamp) -> Attempt {
        let answer = match result {
            Ok(answer) => answer,
            Err(Fault::NoAnswer(reason)) => {
                return Attempt::Retryable {
                    reason,
                    after: None,
                };
            }
            Err(Fault::Denied(remedy)) => return Attempt::Denied(remedy),
        };
        let reason = || match answer.body.trim() {
            "" => format!("the sink answered {}", answer.status),
            body => format!(
                "the sink answered {}: {}",
                answer.status,
                quote(body, MAX_QUOTED)
            ),
        };
        match verdict(answer.status) {
            Verdict::Delivered => Attempt::Delivered(answer.status),
            Verdict::Retryable => Attempt::Retryable {
                reason: reason(),
                after: answer
                    .retry_after
                    .as_deref()
                    .and_then(|text| retry_after::parse(text, now)),
            },
            Verdict::Rejected => Attempt::Rejected {
                status: answer.status,
                reason: reason(),
            },
            Verdict::Gone => Attempt::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;

    use super::*;

    #[test]
    fn every_status_has_the_verdict_of_the_specification() {
        for status in 0..=999 {
            let expected = match status {
                200..300 => Verdict::Delivered,
                410 => Verdict::Gone,
                404 | 408 | 409 | 429 => Verdict::Retryable,
                500..600 => Verdict::Retryable,
                _ => Verdict::Rejected,
            };
            assert_eq!(verdict(status), expected, "{status}");
        }
    }

    #[test]
    fn an_answer_is_quoted_short_and_on_one_line() {
        let judge = |status, body: &str| {
            let answer = Answer {
                status,
                retry_after: Some("2".to_owned()),
                body: body.to_owned(),
            };
            Attempt::judge(Ok(answer), Timestamp::from_unix_nanos(0))
        };
        let after = Some(Duration::from_secs(2));
        assert_eq!(judge(202, "x"), Attempt::Delivered(202));
        assert_eq!(judge(410, "x"), Attempt::Gone);
        let reason = "the sink answered 503: \"line1\\nline2\"".to_owned();
        assert_eq!(
            judge(503, "line1\nline2\n"),
            Attempt::Retryable { reason, after }
        );
        let Attempt::Rejected {
            status: 400,
            reason,
        } = judge(400, &"x".repeat(70_000))
        else {
            panic!()
        };
        assert!(reason.len() < 250, "{reason}");
        let reason = "the sink answered 301".to_owned();
        assert_eq!(
            judge(301, " \n"),
            Attempt::Rejected {
                status: 301,
                reason
            }
        );
    }
}

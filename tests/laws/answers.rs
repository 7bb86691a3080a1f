//! What holds of every answer of a sink: it says when to come back and what a log line quotes, and no more than that.

use std::time::Duration;

use heartbeats::delivery::{Answer, Attempt, Fault, Verdict, backoff, verdict};
use heartbeats::event::Timestamp;

pub(crate) fn hold(status: u16, retry_after: Option<String>, body: String, now: u64, random: u64) {
    let now = Timestamp::from_unix_nanos(now);
    let fault = Attempt::judge(Err(Fault::NoAnswer(body.clone())), now);
    assert!(matches!(fault, Attempt::Retryable { after: None, .. }));
    let answer = Answer {
        status,
        retry_after,
        body,
    };
    match (verdict(status), Attempt::judge(Ok(answer.clone()), now)) {
        (Verdict::Delivered, Attempt::Delivered(same)) => assert_eq!(same, status),
        (Verdict::Gone, Attempt::Gone) => {}
        (Verdict::Rejected, Attempt::Rejected { reason, .. }) => is_short(&reason),
        (Verdict::Retryable, Attempt::Retryable { reason, after }) => {
            is_short(&reason);
            let most = Duration::from_secs(60);
            assert!(after.is_none_or(|after| after <= most), "{answer:?}");
            for retry in [1, 5, u32::MAX] {
                let wait = backoff(retry, after, random);
                assert!(
                    wait <= most && wait >= after.unwrap_or_default(),
                    "{answer:?}: {wait:?}"
                );
            }
        }
        (verdict, attempt) => panic!("{answer:?}: {verdict:?}, {attempt:?}"),
    }
}

fn is_short(reason: &str) {
    assert!(!reason.contains(|c: char| c.is_control()), "{reason:?}");
    // Each of the 200 characters that are quoted may be written as `\u{10ffff}`.
    assert!(reason.chars().count() < 2100, "{reason}");
}

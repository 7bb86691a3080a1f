//! Bounds the computing time of a guest.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// A future that is given up when its polls together have taken longer than allowed. A guest that computes comes back from
/// a poll at every epoch.
pub(super) struct Metered<F> {
    future: Pin<Box<F>>,
    left: Duration,
}

/// The computing time is used up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exhausted;

impl<F: Future> Metered<F> {
    pub(super) fn new(future: F, allowed: Duration) -> Self {
        Self {
            future: Box::pin(future),
            left: allowed,
        }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = Result<F::Output, Exhausted>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let start = Instant::now();
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        match self.left.checked_sub(start.elapsed()) {
            Some(left) => {
                self.left = left;
                Poll::Pending
            }
            None => Poll::Ready(Err(Exhausted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_future_that_waits_is_not_charged_and_one_that_computes_is() {
        let wait = tokio::time::sleep(Duration::from_millis(50));
        assert_eq!(Metered::new(wait, Duration::from_millis(20)).await, Ok(()));
        let compute = async {
            loop {
                std::thread::sleep(Duration::from_millis(3));
                tokio::task::yield_now().await;
            }
        };
        let outcome: Result<(), Exhausted> = Metered::new(compute, Duration::from_millis(20)).await;
        assert_eq!(outcome, Err(Exhausted));
    }
}

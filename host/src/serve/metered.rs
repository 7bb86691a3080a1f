//! Bounds the computing time of a guest, and how much of its thread it takes from the others.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline};

use crate::engine::Ticker;
use crate::sandbox::Sandbox;

/// A future that is given up when its polls together have taken longer than allowed. A guest that computes comes back from
/// a poll at every epoch.
pub(super) struct Metered<F> {
    future: Pin<Box<F>>,
    left: Duration,
    ticker: Arc<Ticker>,
}

/// How long a guest that computes for more than an epoch rests after each further one, so that those who share its thread get
/// most of it.
const REST: Duration = Duration::from_millis(20);

/// Lets a guest that computes for more than an epoch rest in between, and tells `computes_long` whether it is one.
pub(super) fn share_the_thread(
    store: &mut Store<Sandbox>,
    computes_long: impl Fn(bool) + Send + Sync + 'static,
) {
    computes_long(false);
    store.set_epoch_deadline(1);
    // A usual beat takes a fraction of an epoch, but may see one end: it only lets the others go first.
    let mut usual = true;
    store.epoch_deadline_callback(move |_| {
        if std::mem::take(&mut usual) {
            return Ok(UpdateDeadline::Yield(1));
        }
        computes_long(true);
        let rest = Box::pin(tokio::time::sleep(REST));
        Ok(UpdateDeadline::YieldCustom(1, rest))
    });
}

/// The computing time is used up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exhausted;

impl<F: Future> Metered<F> {
    pub(super) fn new(future: F, allowed: Duration, ticker: Arc<Ticker>) -> Self {
        Self {
            future: Box::pin(future),
            left: allowed,
            ticker,
        }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = Result<F::Output, Exhausted>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.ticker.wake();
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

    fn metered<F: Future>(future: F) -> Metered<F> {
        let engine = crate::engine::Engine::new().unwrap();
        Metered::new(future, Duration::from_millis(20), engine.ticker())
    }

    #[tokio::test]
    async fn a_future_that_waits_is_not_charged_and_one_that_computes_is() {
        let wait = tokio::time::sleep(Duration::from_millis(50));
        assert_eq!(metered(wait).await, Ok(()));
        let compute = async {
            loop {
                std::thread::sleep(Duration::from_millis(3));
                tokio::task::yield_now().await;
            }
        };
        let outcome: Result<(), Exhausted> = metered(compute).await;
        assert_eq!(outcome, Err(Exhausted));
    }
}

//! How long a guest computes: the epochs stop one that does nothing else.
//!
//! The account grows while the guest's future is polled, and shrinks while it waits for something: so a guest may compute
//! for its budget at a stretch, and half of all time for ever. While it only stands back for other tasks, at the end of an
//! epoch, nothing shrinks.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::limits::{Hit, Limit};
use crate::engine::Ticker;

/// The account of one guest. Clones share it.
#[derive(Clone)]
pub(crate) struct Cpu {
    hit: Hit,
    budget: Duration,
    account: Arc<Mutex<Account>>,
}

#[derive(Default)]
struct Account {
    spent: Duration,
    since: Since,
}

#[derive(Clone, Copy, Default)]
enum Since {
    /// It has not run yet.
    #[default]
    Never,
    Running(Instant),
    /// At the end of an epoch.
    StandingBack,
    Waiting(Instant),
}

impl Cpu {
    pub(super) fn new(limits: &super::Limits) -> Self {
        Self {
            hit: limits.hit(Limit::Cpu),
            budget: limits.cpu,
            account: Arc::default(),
        }
    }

    /// Runs the guest behind `call` on this account. Without it the epochs stop nobody.
    pub(crate) async fn metered<T>(self, ticker: &Ticker, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        std::future::poll_fn(|cx| {
            ticker.wake();
            self.account().run(Instant::now());
            let poll = call.as_mut().poll(cx);
            self.account().pause(Instant::now());
            poll
        })
        .await
    }

    /// The end of an epoch in which the guest was running: an error ends it for good.
    pub(super) fn epoch(&self) -> Result<(), Hit> {
        if self.account().stand_back(Instant::now()) < self.budget {
            Ok(())
        } else {
            Err(self.hit.clone())
        }
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn run(&mut self, now: Instant) {
        if let Since::Waiting(since) = self.since {
            self.spent = self.spent.saturating_sub(now.duration_since(since));
        }
        self.since = Since::Running(now);
    }

    fn pause(&mut self, now: Instant) {
        self.since = match self.since {
            Since::Running(since) => {
                self.spent += now.duration_since(since);
                Since::Waiting(now)
            }
            other => other,
        };
    }

    /// Everything that is spent until now.
    fn stand_back(&mut self, now: Instant) -> Duration {
        if let Since::Running(since) = self.since {
            self.spent += now.duration_since(since);
            self.since = Since::StandingBack;
        }
        self.spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a guest's life, given as steps in milliseconds, and says what is spent at its end.
    fn spent(steps: &[(&str, u64)]) -> u64 {
        let mut account = Account::default();
        let mut now = Instant::now();
        for (step, millis) in steps {
            let time = Duration::from_millis(*millis);
            match *step {
                "computes" => {
                    account.run(now);
                    now += time;
                    account.pause(now);
                }
                "computes to the end of an epoch" => {
                    account.run(now);
                    now += time;
                    account.stand_back(now);
                    account.pause(now);
                }
                _ => now += time,
            }
        }
        u64::try_from(account.spent.as_millis()).unwrap()
    }

    #[test]
    fn computing_is_spent_and_waiting_is_earned() {
        assert_eq!(spent(&[("computes", 30), ("computes", 20)]), 50);
        assert_eq!(spent(&[("computes", 30), ("waits", 10)]), 30);
        assert_eq!(
            spent(&[("computes", 30), ("waits", 10), ("computes", 1)]),
            21
        );
        assert_eq!(
            spent(&[("computes", 30), ("waits", 90), ("computes", 1)]),
            1
        );
    }

    #[test]
    fn standing_back_earns_nothing() {
        let epoch = ("computes to the end of an epoch", 100);
        assert_eq!(
            spent(&[
                epoch,
                ("stands back", 900),
                epoch,
                ("stands back", 900),
                epoch
            ]),
            300
        );
    }

    #[tokio::test]
    async fn the_budget_ends_it() {
        let limits = super::super::Limits {
            cpu: Duration::from_millis(5),
            ..Default::default()
        };
        let cpu = Cpu::new(&limits);
        let account = cpu.clone();
        let engine = crate::engine::Engine::new().unwrap();
        let outcome = cpu
            .metered(&engine.ticker(), async move {
                account.epoch()?;
                tokio::task::yield_now().await;
                std::thread::sleep(Duration::from_millis(6));
                account.epoch()
            })
            .await;
        assert_eq!(outcome, Err(limits.hit(Limit::Cpu)));
    }
}

//! How long a guest computes: the epochs stop one that does nothing else.
//!
//! The account grows while the guest's future is polled. A guest that has its thread for itself earns time back while it waits
//! for something: so it may compute for its budget at a stretch, and half of all time for ever. While it only stands back for
//! other tasks, at the end of an epoch, nothing is earned. Guests that share a thread are there for one call each, for which
//! the budget is; one that computes for long rests in between, so that the others get most of the thread.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wasmtime::UpdateDeadline;

use super::limits::{Limit, Limits};
use crate::engine::Ticker;

/// Who else computes on a guest's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// Nobody, for as long as the process lives.
    Own,
    /// Other guests, while they are called.
    Shared,
}

/// A guest that has computed for so long shares its thread from then on: a usual beat takes a tenth of it.
const LONG: Duration = Duration::from_millis(1);
/// How long it rests then at each end of an epoch.
const REST: Duration = Duration::from_millis(20);

/// The account of one guest. Clones share it.
#[derive(Clone)]
pub(crate) struct Cpu {
    limits: Limits,
    thread: Thread,
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
    pub(super) fn new(limits: Limits, thread: Thread) -> Self {
        Self {
            limits,
            thread,
            account: Arc::default(),
        }
    }

    /// Runs the guest behind `call` on this account. Without it the epochs stop nobody.
    pub(crate) async fn metered<T>(&self, ticker: &Ticker, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        std::future::poll_fn(|cx| {
            ticker.wake();
            self.account().run(Instant::now(), self.thread);
            let poll = call.as_mut().poll(cx);
            self.account().pause(Instant::now());
            poll
        })
        .await
    }

    /// Whether it has computed for longer than guests that share a thread usually do.
    pub(crate) fn computed_for_long(&self) -> bool {
        self.account().spent >= LONG
    }

    /// The end of an epoch in which the guest was running: an error ends it for good.
    pub(super) fn epoch(&self) -> wasmtime::Result<UpdateDeadline> {
        let spent = self.account().stand_back(Instant::now());
        if spent >= self.limits.cpu {
            return Err(self.limits.hit(Limit::Cpu).into());
        }
        Ok(match self.thread {
            Thread::Shared if spent >= LONG => {
                UpdateDeadline::YieldCustom(1, Box::pin(tokio::time::sleep(REST)))
            }
            _ => UpdateDeadline::Yield(1),
        })
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn run(&mut self, now: Instant, thread: Thread) {
        if let (Thread::Own, Since::Waiting(since)) = (thread, self.since) {
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
    fn spent(thread: Thread, steps: &[(&str, u64)]) -> u64 {
        let mut account = Account::default();
        let mut now = Instant::now();
        for (step, millis) in steps {
            let time = Duration::from_millis(*millis);
            match *step {
                "computes" => {
                    account.run(now, thread);
                    now += time;
                    account.pause(now);
                }
                "computes to the end of an epoch" => {
                    account.run(now, thread);
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
    fn computing_is_spent_and_waiting_is_earned_on_a_thread_of_its_own() {
        for (steps, own, shared) in [
            (&[("computes", 30), ("computes", 20)][..], 50, 50),
            (&[("computes", 30), ("waits", 10)], 30, 30),
            (&[("computes", 30), ("waits", 10), ("computes", 1)], 21, 31),
            (&[("computes", 30), ("waits", 90), ("computes", 1)], 1, 31),
        ] {
            assert_eq!(spent(Thread::Own, steps), own, "{steps:?}");
            assert_eq!(spent(Thread::Shared, steps), shared, "{steps:?}");
        }
    }

    #[test]
    fn standing_back_earns_nothing() {
        let epoch = ("computes to the end of an epoch", 100);
        let back = ("stands back", 900);
        assert_eq!(spent(Thread::Own, &[epoch, back, epoch, back, epoch]), 300);
    }

    /// What a guest is told at the end of an epoch, after it has waited and computed for so many milliseconds.
    async fn told(thread: Thread, waits: u64, computes: u64) -> wasmtime::Result<UpdateDeadline> {
        let limits = Limits {
            cpu: Duration::from_millis(50),
            ..Limits::default()
        };
        let cpu = Cpu::new(limits, thread);
        let engine = crate::engine::Engine::new().unwrap();
        let guest = async {
            tokio::time::sleep(Duration::from_millis(waits)).await;
            std::thread::sleep(Duration::from_millis(computes));
            cpu.epoch()
        };
        cpu.metered(&engine.ticker(), guest).await
    }

    #[tokio::test]
    async fn the_budget_ends_it() {
        let error = told(Thread::Own, 0, 51).await.err().unwrap();
        let hit = crate::sandbox::hit_by(&error, &Limits::default()).unwrap();
        assert_eq!(hit.limit, Limit::Cpu);
        assert!(told(Thread::Own, 0, 2).await.is_ok());
    }

    #[tokio::test]
    async fn who_computes_for_long_among_others_rests_and_who_waits_does_not() {
        for (thread, waits, computes, rests) in [
            (Thread::Shared, 0, 2, true),
            (Thread::Shared, 60, 0, false),
            (Thread::Own, 0, 2, false),
        ] {
            let told = told(thread, waits, computes).await.unwrap();
            let does = matches!(told, UpdateDeadline::YieldCustom(..));
            assert_eq!(does, rests, "{thread:?} {waits} {computes}");
        }
    }
}

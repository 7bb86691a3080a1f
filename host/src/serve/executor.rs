//! The threads on which beats run: one runtime and pools of connections of its own each, so that a beat never changes its core.
//!
//! A thread gets beats until some wait for it, and only then the next one: what runs together on few threads finds its caches
//! warm and is woken less often. Sources that compute for long have a thread to themselves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::beat::{Runnable, beat};
use super::clients::Clients;
use super::scheduler::{Job, Outcome, Ticket};
use super::tokens::Tokens;
use crate::sandbox::Output;
use crate::telemetry::Metrics;

/// A beat that has ended.
pub(super) type Done = (Ticket, Outcome);

/// So many beats wait for a thread before the next one gets some: about a millisecond's worth.
const QUEUE: usize = 8;
/// After so many polls of tasks a thread looks at its sockets and timers: a guest that computes takes a millisecond for one.
const EVENT_INTERVAL: u32 = 8;

/// Threads that make beats.
pub(super) struct Executors {
    usual: Vec<Executor>,
    heavy: Executor,
}

struct Executor {
    jobs: UnboundedSender<Job<Runnable>>,
    /// Handed over and not begun.
    waiting: Arc<AtomicUsize>,
}

/// What the beats of a thread share.
#[derive(Clone)]
struct Common {
    clients: Clients,
    tokens: Tokens,
    metrics: Metrics,
    output: Output,
    done: UnboundedSender<Done>,
    waiting: Arc<AtomicUsize>,
}

impl Executors {
    /// Starts a thread for each of the clients, and one for heavy sources; what ends goes to `done`. They end when this is
    /// dropped, and with them all that is in flight.
    pub(super) fn start(
        clients: Vec<Clients>,
        heavy: Clients,
        tokens: &Tokens,
        metrics: &Metrics,
        output: &Output,
        done: &UnboundedSender<Done>,
    ) -> io::Result<Self> {
        let common = |clients| Common {
            clients,
            tokens: tokens.clone(),
            metrics: metrics.clone(),
            output: output.clone(),
            done: done.clone(),
            waiting: Arc::default(),
        };
        let usual = clients
            .into_iter()
            .map(|clients| Executor::start(common(clients)));
        Ok(Self {
            usual: usual.collect::<io::Result<_>>()?,
            heavy: Executor::start(common(heavy))?,
        })
    }

    /// Hands a beat to a thread. Beats in flight are bounded by whoever calls this.
    pub(super) fn run(&self, job: Job<Runnable>) {
        let waiting = |thread: &&Executor| thread.waiting.load(Ordering::Relaxed);
        let usual = || {
            let roomy = self.usual.iter().find(|thread| waiting(thread) < QUEUE);
            roomy.or_else(|| self.usual.iter().min_by_key(waiting))
        };
        let is_heavy = job.shared.runnable.is_heavy();
        let thread = if is_heavy { None } else { usual() }.unwrap_or(&self.heavy);
        thread.waiting.fetch_add(1, Ordering::Relaxed);
        // The other end is there as long as this is.
        let _ = thread.jobs.send(job);
    }
}

impl Executor {
    fn start(common: Common) -> io::Result<Self> {
        let (jobs, mut queue) = unbounded_channel();
        let waiting = common.waiting.clone();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENT_INTERVAL)
            .build()?;
        thread::Builder::new().name("beats".into()).spawn(move || {
            runtime.block_on(async {
                while let Some(job) = queue.recv().await {
                    tokio::spawn(make(job, common.clone()));
                }
            });
            // A name that is still being resolved must not hold up the end.
            runtime.shutdown_background();
        })?;
        Ok(Self { jobs, waiting })
    }
}

async fn make(job: Job<Runnable>, common: Common) {
    common.waiting.fetch_sub(1, Ordering::Relaxed);
    let Common {
        clients,
        tokens,
        metrics,
        output,
        done,
        ..
    } = common;
    let outcome = beat(&job, &clients, &tokens, metrics, &output).await;
    // At the end of the process nobody waits for it.
    let _ = done.send((job.ticket, outcome));
}

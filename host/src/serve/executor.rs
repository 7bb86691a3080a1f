//! The threads on which beats run: one runtime and one pool of connections each, so that a beat never changes its core.
//!
//! A thread gets beats until some wait for it, and only then the next one: what runs together on few threads finds its caches
//! warm and is woken less often.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::beat::{Runnable, beat};
use super::scheduler::{Job, Outcome, Ticket};
use crate::client::Client;
use crate::sandbox::Output;
use crate::telemetry::Metrics;

/// A beat that has ended.
pub(super) type Done = (Ticket, Outcome);

/// Threads that make beats.
pub(super) struct Executors {
    threads: Vec<Executor>,
}

struct Executor {
    jobs: UnboundedSender<Job<Runnable>>,
    /// Handed over and not begun.
    waiting: Arc<AtomicUsize>,
}

/// After so many polls of tasks a thread looks at its sockets and timers: a few guests that compute take a millisecond a poll.
const EVENT_INTERVAL: u32 = 8;
/// So many beats wait for a thread before the next one gets some: at most a few milliseconds' worth.
const QUEUE: usize = 16;

impl Executors {
    /// Starts a thread for each client; what ends goes to `done`. They end when this is dropped, and with them all that is in
    /// flight.
    pub(super) fn start(
        clients: Vec<Client>,
        metrics: &Metrics,
        output: &Output,
        done: &UnboundedSender<Done>,
    ) -> io::Result<Self> {
        let threads = clients
            .into_iter()
            .map(|client| Executor::start(client, metrics.clone(), output.clone(), done.clone()));
        Ok(Self {
            threads: threads.collect::<io::Result<_>>()?,
        })
    }

    /// Hands a beat to a thread. Beats in flight are bounded by whoever calls this.
    pub(super) fn run(&self, job: Job<Runnable>) {
        let waiting = |thread: &&Executor| thread.waiting.load(Ordering::Relaxed);
        let roomy = self.threads.iter().find(|thread| waiting(thread) < QUEUE);
        let Some(thread) = roomy.or_else(|| self.threads.iter().min_by_key(waiting)) else {
            return;
        };
        thread.waiting.fetch_add(1, Ordering::Relaxed);
        // The other end is there as long as this is.
        let _ = thread.jobs.send(job);
    }
}

impl Executor {
    fn start(
        client: Client,
        metrics: Metrics,
        output: Output,
        done: UnboundedSender<Done>,
    ) -> io::Result<Self> {
        let (jobs, mut queue): (_, UnboundedReceiver<Job<Runnable>>) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let begun = waiting.clone();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENT_INTERVAL)
            .build()?;
        thread::Builder::new().name("beats".into()).spawn(move || {
            runtime.block_on(async {
                while let Some(job) = queue.recv().await {
                    let (client, output, done) = (client.clone(), output.clone(), done.clone());
                    let (metrics, begun) = (metrics.clone(), begun.clone());
                    tokio::spawn(async move {
                        begun.fetch_sub(1, Ordering::Relaxed);
                        let outcome = beat(&job, client, metrics, &output).await;
                        // At the end of the process nobody waits for it.
                        let _ = done.send((job.ticket, outcome));
                    });
                }
            });
            // A name that is still being resolved must not hold up the end.
            runtime.shutdown_background();
        })?;
        Ok(Self { jobs, waiting })
    }
}

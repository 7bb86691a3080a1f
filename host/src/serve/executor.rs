//! The threads on which beats run: one runtime and one pool of connections each, so that a beat never changes its core.

use std::io;
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::beat::{Runnable, beat};
use super::clients::Clients;
use super::scheduler::{Job, Outcome, Ticket};
use super::tokens::Tokens;
use crate::sandbox::Output;
use crate::telemetry::Metrics;

/// A beat that has ended.
pub(super) type Done = (Ticket, Outcome);

/// Threads that make beats.
pub(super) struct Executors {
    queues: Vec<UnboundedSender<Job<Runnable>>>,
    next: usize,
}

impl Executors {
    /// Starts a thread for each of the clients; what ends goes to `done`. They end when this is dropped, and with them all that is in
    /// flight.
    pub(super) fn start(
        clients: Vec<Clients>,
        tokens: &Tokens,
        metrics: &Metrics,
        output: &Output,
        done: &UnboundedSender<Done>,
    ) -> io::Result<Self> {
        let queues = clients.into_iter().map(|clients| {
            let (tokens, metrics) = (tokens.clone(), metrics.clone());
            executor(clients, tokens, metrics, output.clone(), done.clone())
        });
        Ok(Self {
            queues: queues.collect::<io::Result<_>>()?,
            next: 0,
        })
    }

    /// Hands a beat to the next thread. Beats in flight are bounded by whoever calls this.
    pub(super) fn run(&mut self, job: Job<Runnable>) {
        self.next = (self.next + 1) % self.queues.len();
        // The other end is there as long as this is.
        let _ = self.queues[self.next].send(job);
    }
}

fn executor(
    clients: Clients,
    tokens: Tokens,
    metrics: Metrics,
    output: Output,
    done: UnboundedSender<Done>,
) -> io::Result<UnboundedSender<Job<Runnable>>> {
    let (sender, mut jobs): (_, UnboundedReceiver<Job<Runnable>>) = unbounded_channel();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("beats".into()).spawn(move || {
        runtime.block_on(async {
            while let Some(job) = jobs.recv().await {
                let (clients, tokens) = (clients.clone(), tokens.clone());
                let (metrics, output, done) = (metrics.clone(), output.clone(), done.clone());
                tokio::spawn(async move {
                    let outcome = beat(&job, &clients, &tokens, metrics, &output).await;
                    // At the end of the process nobody waits for it.
                    let _ = done.send((job.ticket, outcome));
                });
            }
        });
        // A name that is still being resolved must not hold up the end.
        runtime.shutdown_background();
    })?;
    Ok(sender)
}

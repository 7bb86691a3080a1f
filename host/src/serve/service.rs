//! The loop that owns the scheduler: time, manifests, outcomes and requests come in, beats go out.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout};

use super::beat::Runnable;
use super::catalog::Changes;
use super::executor::{Done, Executors};
use super::scheduler::{Note, Now, Refused, Scheduler, TenantView, View, nanos};
use crate::client::Sockets;
use crate::manifest::Key;
use crate::shutdown::Stop;

/// What can be asked of a running service.
pub(super) enum Request {
    /// Counters and health.
    Status(oneshot::Sender<Status>),
    /// So many sources from that place on.
    Page(usize, usize, oneshot::Sender<(Vec<View>, Option<usize>)>),
    /// One source.
    View(Key, oneshot::Sender<Option<View>>),
    /// To do something to a source.
    Act(Key, Action, oneshot::Sender<Result<(), Refused>>),
}

/// What can be done to a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Fire,
    Suspend,
    Resume,
}

/// How a service does.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    /// The manifests have been read.
    pub(super) ready: bool,
    pub(super) problems: usize,
    /// In use, and at the most.
    pub(super) sockets: (usize, usize),
    pub(super) tenants: Vec<TenantView>,
}

pub(super) struct Service {
    pub(super) scheduler: Scheduler<Runnable>,
    pub(super) executors: Executors,
    pub(super) done: UnboundedReceiver<Done>,
    pub(super) changes: UnboundedReceiver<Changes>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) clock: Clock,
    /// Those of the process, and how many there may be.
    pub(super) sockets: (Sockets, usize),
    pub(super) grace_period: Duration,
    pub(super) ready: bool,
    pub(super) problems: usize,
}

/// The process's clocks.
#[derive(Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    fn now(self) -> Now {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            mono: nanos(self.0.elapsed()),
            wall: nanos(wall),
        }
    }

    fn instant(self, mono: u64) -> Instant {
        self.0 + Duration::from_nanos(mono)
    }
}

/// At least so often the wall clock is compared with the other one.
const GLANCE: Duration = Duration::from_secs(1);
/// Outcomes that are taken at once.
const BATCH: usize = 256;
/// Outcomes wait for others for so long: to be woken for each of them costs more than to take it.
const GATHER: Duration = Duration::from_millis(1);

impl Service {
    /// Runs until it is asked to stop, and then until what is in flight has ended, within the grace period.
    pub(super) async fn run(mut self, mut stop: Stop) {
        let mut ended = Vec::with_capacity(BATCH);
        let mut gathered = Instant::now();
        loop {
            self.start_beats();
            let wake = self.wakes();
            tokio::select! {
                biased;
                () = stop.asked() => break,
                Some(changes) = self.changes.recv() => self.change(changes),
                _ = gather(&mut self.done, &mut ended, gathered + GATHER) => {
                    gathered = Instant::now();
                    self.end_beats(&mut ended);
                }
                Some(request) = self.requests.recv() => self.answer(request),
                () = sleep_until(wake.into()) => {}
            }
        }
        tracing::info!(
            in_flight = self.scheduler.in_flight(),
            grace_period = ?self.grace_period,
            "asked to stop: the beats in flight may finish"
        );
        self.scheduler.drain();
        let grace_period = self.grace_period;
        let finish = async {
            // The ticks that have begun: their retries and dead letters too.
            while self.scheduler.in_flight() > 0 || self.scheduler.pending().next().is_some() {
                self.start_beats();
                let wake = self.wakes();
                tokio::select! {
                    _ = self.done.recv_many(&mut ended, BATCH) => self.end_beats(&mut ended),
                    Some(request) = self.requests.recv() => self.answer(request),
                    () = stop.insisted() => break,
                    () = sleep_until(wake.into()) => {}
                }
            }
        };
        // Over or not: what is pending then is told.
        let _ = timeout(grace_period, finish).await;
        for (key, id) in self.scheduler.pending() {
            let id = uuid::Uuid::from_u128(id);
            tracing::warn!(source = %key, %id, "stopped: the event may be undelivered");
        }
    }

    fn wakes(&self) -> Instant {
        let glance = Instant::now() + GLANCE;
        match self.scheduler.wakes() {
            Some(at) => self.clock.instant(at).min(glance),
            None => glance,
        }
    }

    fn tell_notes(&mut self) {
        self.scheduler.take_notes().iter().for_each(tell);
    }

    fn start_beats(&mut self) {
        let now = self.clock.now();
        self.scheduler.advance(now);
        while let Some(job) = self.scheduler.next_job(now) {
            self.executors.run(job);
        }
    }

    fn end_beats(&mut self, ended: &mut Vec<Done>) {
        let now = self.clock.now();
        for (ticket, outcome) in ended.drain(..) {
            self.scheduler.finished(ticket, outcome, now);
        }
        self.tell_notes();
    }

    fn change(&mut self, changes: Changes) {
        let now = self.clock.now();
        if !changes.set.is_empty() || !changes.removed.is_empty() {
            tracing::info!(
                set = changes.set.len(),
                removed = changes.removed.len(),
                "sources changed"
            );
        }
        for key in changes.removed {
            self.scheduler.remove(&key, now);
        }
        self.scheduler.set_all(changes.set, now);
        self.tell_notes();
        if let Some(problems) = changes.problems {
            self.problems = problems.len();
            for problem in problems {
                tracing::error!("{problem}");
            }
        }
        if !self.ready {
            self.ready = true;
            tracing::info!(
                sources = self.scheduler.len(),
                problems = self.problems,
                "serving"
            );
        }
    }

    fn answer(&mut self, request: Request) {
        let now = self.clock.now();
        // Whoever asked may have gone.
        match request {
            Request::Status(to) => drop(to.send(self.status())),
            Request::Page(from, count, to) => drop(to.send(self.scheduler.page(from, count, now))),
            Request::View(key, to) => drop(to.send(self.scheduler.view(&key, now))),
            Request::Act(key, action, to) => drop(to.send(match action {
                Action::Fire => self.scheduler.fire(&key, now),
                Action::Suspend => self.scheduler.suspend(&key, "suspended by an operator"),
                Action::Resume => self.scheduler.resume(&key, now),
            })),
        }
        self.tell_notes();
    }

    fn status(&self) -> Status {
        Status {
            ready: self.ready,
            problems: self.problems,
            sockets: (self.sockets.0.in_use(), self.sockets.1),
            tenants: self.scheduler.tenant_views(),
        }
    }
}

/// Waits for outcomes, and takes those that there are, but not before a time.
async fn gather(done: &mut UnboundedReceiver<Done>, ended: &mut Vec<Done>, from: Instant) {
    sleep_until(from.into()).await;
    done.recv_many(ended, BATCH).await;
}

pub(super) fn done() -> (mpsc::UnboundedSender<Done>, UnboundedReceiver<Done>) {
    unbounded_channel()
}

fn tell(note: &Note) {
    match note {
        Note::GivenUp {
            key,
            id,
            reason,
            dead_letter,
        } => {
            let id = uuid::Uuid::from_u128(*id);
            tracing::warn!(source = %key, %id, dead_letter, "event given up: {reason}");
        }
        Note::SinkAway {
            namespace,
            sink,
            reason,
        } => tracing::warn!(
            %namespace,
            sink,
            "the sink is away; its sources ask for it less often until it answers: {reason}"
        ),
        Note::SinkBack {
            namespace,
            sink,
            away,
        } => tracing::info!(%namespace, sink, "the sink is back after {away:.0?}"),
        Note::Suspended { key, reason } => tracing::warn!(source = %key, "suspended: {reason}"),
    }
}

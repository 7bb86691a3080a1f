//! One beat: a fresh instance in a sandbox of its own, one call, and the instance is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;
use wasmtime::Store;

use super::clients::Clients;
use super::component::{Component, Door, ticker};
use super::scheduler::{Error, Failure, Job, Outcome, Shared};
use super::tokens::Tokens;
use crate::beats::Beats;
use crate::client::Client;
use crate::egress::{Egress, Policy};
use crate::engine::run_to_end;
use crate::error::one_line;
use crate::identity::Token;
use crate::manifest::{self, Key, Sink};
use crate::sandbox::{Limits, Output, Sandbox, SetBy, Settings, Thread, hit_by};
use crate::telemetry::Metrics;

/// What it takes to run the sources that share their settings.
#[derive(Debug)]
pub(crate) struct Runnable {
    component: Arc<Component>,
    sink: Arc<Policy>,
    dead_letter_sink: Option<Arc<Policy>>,
    /// Whether the last beat computed for long.
    heavy: AtomicBool,
}

/// One attempt of a component that sets no time-out of its own.
const TIMEOUT: Duration = Duration::from_secs(60);
/// What a component gets to say that its own time-out, which is the same, is over.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How much of a reason is told to the dead letter sink: Knative's own bound.
const ERROR_DATA: usize = 1024;

/// Requests of one beat at the same time, each with a socket: so few that a tenant's beats in flight cannot take all.
pub(super) const REQUESTS: usize = 2;

impl Runnable {
    pub(super) fn new(component: Arc<Component>, settings: &manifest::Settings) -> Self {
        let policy = |sink: &Sink| Arc::new(Policy::new(sink.origin(), Vec::new()));
        Self {
            component,
            sink: policy(&settings.sink),
            dead_letter_sink: settings.delivery.dead_letter_sink.as_deref().map(policy),
            heavy: AtomicBool::new(false),
        }
    }

    /// Whether the last beat computed for long.
    pub(super) fn is_heavy(&self) -> bool {
        self.heavy.load(Ordering::Relaxed)
    }

    /// Those of the sinks, so that equal ones can be kept once.
    pub(super) fn policies_mut(&mut self) -> impl Iterator<Item = &mut Arc<Policy>> {
        std::iter::once(&mut self.sink).chain(&mut self.dead_letter_sink)
    }

    /// What of the network the event's [destination](manifest::Settings::destination) needs.
    fn policy(&self, dead: bool) -> &Arc<Policy> {
        match &self.dead_letter_sink {
            Some(policy) if dead => policy,
            _ => &self.sink,
        }
    }

    pub(super) fn component(&self) -> &Arc<Component> {
        &self.component
    }
}

/// Makes one attempt.
pub(super) async fn beat(
    job: &Job<Runnable>,
    clients: &Clients,
    tokens: &Tokens,
    metrics: Metrics,
    output: &Output,
) -> Outcome {
    let settings = &job.shared.settings;
    let runnable = &job.shared.runnable;
    let beats = Beats::default();
    let sink = settings.destination(job.dead.is_some());
    let policy = runnable.policy(job.dead.is_some());
    let (client, token) = match identity(job, sink, clients, tokens) {
        Ok(identity) => identity,
        Err(reason) => {
            let error = Error {
                status: None,
                reason: reason.into(),
            };
            return Err(Failure::Retryable { error, after: None });
        }
    };
    let limits = limits(&job.shared);
    let egress = Egress::new(
        policy.clone(),
        client,
        beats.clone(),
        &limits,
        metrics.clone(),
    )
    .identified_by(token.map(Arc::new));
    let lines = output.prefixed(&format!("{}: ", job.key));
    let sandbox = Settings {
        args: args(&job.shared),
        env: env(&job.key, &job.shared, job.dead.as_deref()),
        stdout: lines.clone(),
        stderr: lines,
        limits: limits.clone(),
        thread: Thread::Shared,
    };
    let component = runnable.component();
    let store = Sandbox::store(component.door.engine(), sandbox, egress);
    let cpu = store.data().cpu();
    let allowed = settings.delivery.timeout.unwrap_or(TIMEOUT);
    let call = cpu.metered(&component.ticker, call(job, store, &beats));
    let ended = timeout(allowed + LAST_WORDS, call).await;
    runnable
        .heavy
        .store(cpu.computed_for_long(), Ordering::Relaxed);
    let error = |reason: String| Error {
        status: beats.last_status(),
        reason: reason.into(),
    };
    match ended {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(trap)) => {
            let why = stopped(&trap, &limits, &metrics);
            Err(Failure::Final(error(format!(
                "the component was stopped: {why}"
            ))))
        }
        Err(_) => {
            let error = error(format!("no answer within {allowed:?}"));
            Err(match component.door {
                Door::Ticker(_) => Failure::Retryable { error, after: None },
                // It would send another event, and has its own retries.
                Door::Command(_) => Failure::Final(error),
            })
        }
    }
}

/// An error is a trap.
async fn call(
    job: &Job<Runnable>,
    mut store: Store<Sandbox>,
    beats: &Beats,
) -> wasmtime::Result<Outcome> {
    match &job.shared.runnable.component.door {
        Door::Ticker(pre) => {
            let tick = ticker::Tick {
                id: Uuid::from_u128(job.id).to_string(),
                sequence: job.sequence,
                due: job.due,
            };
            let source = pre.instantiate_async(&mut store).await?;
            let fired = source
                .heartbeats_source_ticker()
                .call_fire(&mut store, &tick)
                .await?;
            Ok(fired.map_err(|failure| told(failure, beats.last_status())))
        }
        Door::Command(pre) => {
            let ended = run_to_end(pre, store).await?;
            Ok(ended.map_err(|()| ended_badly(beats)))
        }
    }
}

/// Why a component was stopped; a limit counts as hit.
pub(super) fn stopped(trap: &wasmtime::Error, limits: &Limits, metrics: &Metrics) -> String {
    match hit_by(trap, limits) {
        Some(hit) => {
            metrics.hit(hit.limit);
            hit.to_string()
        }
        None => one_line(trap),
    }
}

pub(super) fn limits(shared: &Shared<Runnable>) -> Limits {
    Limits {
        memory_bytes: usize::try_from(shared.settings.limits.memory).unwrap_or(usize::MAX),
        cpu: shared.settings.limits.cpu,
        requests: REQUESTS,
        set_by: SetBy::Manifest,
        ..Limits::default()
    }
}

/// Who the sink has to be, and who the source is to it; the guest has to do with neither.
fn identity(
    job: &Job<Runnable>,
    sink: &Sink,
    clients: &Clients,
    tokens: &Tokens,
) -> Result<(Client, Option<Token>), String> {
    let client = clients
        .trusting(sink.ca_certs.as_ref())
        .map_err(|error| error.to_string())?;
    let token = sink
        .audience
        .as_ref()
        .map(|audience| tokens.open(&job.key.namespace, audience))
        .transpose()
        .map_err(|error| error.to_string())?;
    Ok((client, token))
}

/// A command has its own retries; only that the sink is gone is seen from here.
fn ended_badly(beats: &Beats) -> Failure {
    let status = beats.last_status();
    let error = Error {
        status,
        reason: match status {
            Some(status) => {
                format!("the component failed; the last answer that it got was {status}").into()
            }
            None => "the component failed without an answer of its sink".into(),
        },
    };
    match status {
        Some(410) => Failure::Gone(error),
        _ => Failure::Final(error),
    }
}

fn told(failure: ticker::Failure, status: Option<u16>) -> Failure {
    let error = |reason: String| Error {
        status,
        // A component of a stranger's writes it: one line, and not a long one.
        reason: reason
            .chars()
            .filter(|c| !c.is_control())
            .take(ERROR_DATA)
            .collect::<String>()
            .into(),
    };
    match failure {
        ticker::Failure::Retryable(retryable) => Failure::Retryable {
            error: error(retryable.reason),
            after: retryable.after.map(Duration::from_nanos),
        },
        ticker::Failure::Rejected(rejected) => Failure::Final(Error {
            status: Some(rejected.status),
            ..error(rejected.reason)
        }),
        ticker::Failure::Gone => {
            Failure::Gone(error("the sink answered 410: it is gone for good".into()))
        }
        ticker::Failure::Misconfigured(reason) => Failure::Misconfigured(error(reason)),
    }
}

pub(super) fn args(shared: &Shared<Runnable>) -> Vec<String> {
    let component = &shared.runnable.component;
    let mut args = vec![component.name.clone()];
    if let Some(timeout) = shared.settings.delivery.timeout
        && component.is_heartbeats
    {
        // First, so that the source's own flags win.
        args.push(format!("--timeout={}", heartbeats::text::seconds(timeout)));
    }
    args.extend(shared.settings.args.iter().map(ToString::to_string));
    args
}

/// `dead`: why the event goes to the dead letter sink, if it does.
pub(super) fn env(
    key: &Key,
    shared: &Shared<Runnable>,
    dead: Option<&Error>,
) -> Vec<(String, String)> {
    let settings = &shared.settings;
    let sink = settings.destination(dead.is_some());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut env = vec![
        pair("K_SINK", &sink.uri),
        pair("K_CE_OVERRIDES", &overrides(settings, dead)),
        pair("POD_NAME", &key.name),
        pair("POD_NAMESPACE", &key.namespace),
    ];
    if matches!(shared.runnable.component.door, Door::Command(_)) {
        env.push(pair("ONE_SHOT", "true"));
    }
    env.extend(settings.env.iter().map(|(name, value)| pair(name, value)));
    env
}

/// The source's own extensions, and for a dead letter those of Knative that say why it is one.
fn overrides(settings: &manifest::Settings, dead: Option<&Error>) -> String {
    if settings.overrides.is_empty() && dead.is_none() {
        return String::new();
    }
    let mut extensions: serde_json::Map<_, _> = settings
        .overrides
        .iter()
        .map(|(name, value)| (name.to_string(), json!(&**value)))
        .collect();
    if let Some(error) = dead {
        extensions.insert("knativeerrordest".into(), json!(settings.sink.shown()));
        extensions.insert("knativeerrordata".into(), json!(&*error.reason));
        if let Some(status) = error.status {
            extensions.insert("knativeerrorcode".into(), json!(status.to_string()));
        }
    }
    json!({ "extensions": extensions }).to_string()
}

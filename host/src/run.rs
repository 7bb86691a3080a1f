//! One source, as a container's entrypoint: it runs to its own end, or until the host is asked to stop.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use heartbeats::config::sink;
use tokio::time::{sleep, timeout};
use wasmtime::Store;

use crate::Error;
use crate::beats::Beats;
use crate::client::{Client, Proxies, Trust, TrustSettings};
use crate::egress::{Egress, HostPort, Policy};
use crate::engine::{Command, run_to_end};
use crate::error::one_line;
use crate::identity::Token;
use crate::sandbox::{Limit, Limits, Output, Sandbox, Settings, Thread, hit_by};
use crate::shutdown::Stop;
use crate::telemetry::{Exporter, Health, LoggedLines, Metrics, Service, Tracer, TracingSettings};

/// What a guest gets after its last beat is settled, to write its line about it.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// How long the host waits at its end for somebody to read the guest's last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// One source.
pub struct Source {
    /// The guest's arguments after its name.
    pub args: Vec<String>,
    /// The guest's whole environment.
    pub env: Vec<(String, String)>,
    /// Where it may send requests besides its sink.
    pub allow: Vec<HostPort>,
    /// Whom it trusts over `https`.
    pub trust: TrustSettings,
    /// How it gets there.
    pub proxies: Proxies,
    /// What it shows to its sink.
    pub token: Option<Token>,
    /// How much of everything it may use.
    pub limits: Limits,
    /// Where its figures are counted.
    pub metrics: Metrics,
    /// Where the spans of its requests go, if there are to be any.
    pub tracing: Option<TracingSettings>,
    /// Ready while it runs and nobody has asked it to stop.
    pub health: Health,
    /// How long a beat in flight may go on after the first signal.
    pub grace_period: Duration,
}

/// How a source ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The guest was done, or the host was asked to stop.
    Success,
    /// The guest said that it failed.
    Failure,
}

/// Where the lines go that a source writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// To the host's own streams, as they are.
    Streams,
    /// Into the host's log, with the source's name.
    Log,
}

/// Runs a source with this process's standard output and error.
pub async fn run(
    command: &Command,
    source: Source,
    stop: Stop,
    lines: Lines,
) -> Result<Exit, Error> {
    let (stdout, stderr) = match lines {
        Lines::Streams => (Output::new(io::stdout()), Output::new(io::stderr())),
        Lines::Log => {
            let of = |stream| Output::new(LoggedLines::of(&command.name, stream));
            (of("stdout"), of("stderr"))
        }
    };
    let (stdout, stdout_writer) = stdout.map_err(Error::thread)?;
    let (stderr, stderr_writer) = stderr.map_err(Error::thread)?;
    let exit = run_with(command, source, stop, stdout, stderr).await;
    stdout_writer.finish(LAST_LINES);
    stderr_writer.finish(LAST_LINES);
    exit
}

/// Runs a source with outputs of the caller's.
pub async fn run_with(
    command: &Command,
    source: Source,
    stop: Stop,
    stdout: Output,
    stderr: Output,
) -> Result<Exit, Error> {
    let tracing = source.tracing.as_ref().map(|settings| {
        let service = service(command, &source);
        let (proxies, metrics) = (source.proxies.clone(), source.metrics.clone());
        Exporter::start(settings, &service, &source.trust, proxies, metrics)
    });
    let (tracer, exporter) = tracing.transpose()?.unzip();
    let exit = live(command, source, tracer, stop, stdout, stderr).await;
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
    exit
}

async fn live(
    command: &Command,
    source: Source,
    tracer: Option<Tracer>,
    stop: Stop,
    stdout: Output,
    stderr: Output,
) -> Result<Exit, Error> {
    let Source {
        args,
        env,
        allow,
        trust,
        proxies,
        token,
        limits,
        metrics,
        tracing: _,
        health,
        grace_period,
    } = source;
    let variable = |name: &str| variable(&env, name);
    // Another component than heartbeats has flags of its own, and only K_SINK in common. Without an origin the settings
    // are wrong; the guest says so itself, and nothing is allowed meanwhile.
    let sink = sink(&args, &variable).or_else(|| sink(&[], &variable));
    if token.is_some()
        && sink
            .as_ref()
            .is_some_and(|sink| sink.authorization.is_some())
    {
        return Err(Error::TwoIdentities);
    }
    let policy = Policy::new(sink.map(|sink| sink.origin), allow);
    let trust = Trust::read_if(policy.allows_tls() || proxies.need_tls(), &trust)?;
    let client = Client::new(trust, proxies)?.traced_by(tracer);
    let beats = Beats::default();
    let egress = Egress::new(
        Arc::new(policy),
        client,
        beats.clone(),
        &limits,
        metrics.clone(),
    )
    .identified_by(token.map(Arc::new));
    let outcomes = egress.outcomes();
    let args = std::iter::once(command.name.clone()).chain(args).collect();
    let store = Sandbox::store(
        command.pre.engine(),
        Settings {
            args,
            env,
            stdout,
            stderr,
            limits: limits.clone(),
            thread: Thread::Own,
        },
        egress,
    );

    let guest = call(command, store, &limits, &metrics);
    let exit = until_stopped(guest, &beats, &health, stop, grace_period).await;
    outcomes.end();
    exit
}

async fn until_stopped(
    guest: impl Future<Output = Result<Exit, Error>>,
    beats: &Beats,
    health: &Health,
    mut stop: Stop,
    grace_period: Duration,
) -> Result<Exit, Error> {
    let mut guest = pin!(guest);
    health.set_ready(true);
    tokio::select! {
        exit = &mut guest => return exit,
        () = stop.asked() => {}
    }
    health.set_ready(false);
    tracing::info!(
        ?grace_period,
        "asked to stop: the beat in flight may finish"
    );
    beats.close();
    tokio::select! {
        exit = &mut guest => return exit,
        () = beats.settled() => {}
        () = sleep(grace_period) => {
            tracing::warn!(id = beats.last_id(), "the grace period is over: the last beat may be undelivered");
            return Ok(Exit::Success);
        }
        () = stop.insisted() => {
            tracing::warn!(id = beats.last_id(), "asked to stop again: the last beat may be undelivered");
            return Ok(Exit::Success);
        }
    }
    tokio::select! {
        exit = &mut guest => exit,
        () = sleep(LAST_WORDS) => Ok(Exit::Success),
    }
}

/// Whose spans they are.
fn service(command: &Command, source: &Source) -> Service {
    let pod = variable(&source.env, "POD_NAME");
    Service {
        name: pod.clone().unwrap_or_else(|| command.name.clone()),
        pod,
        namespace: variable(&source.env, "POD_NAMESPACE"),
    }
}

fn variable(env: &[(String, String)], name: &str) -> Option<String> {
    let variable = env.iter().find(|(known, _)| known == name);
    variable.map(|(_, value)| value.clone())
}

async fn call(
    command: &Command,
    store: Store<Sandbox>,
    limits: &Limits,
    metrics: &Metrics,
) -> Result<Exit, Error> {
    let cpu = store.data().cpu();
    let run = cpu.metered(&command.ticker, run_to_end(&command.pre, store));
    let ended = match limits.wall {
        Some(wall) => timeout(wall, run)
            .await
            .unwrap_or_else(|_| Err(limits.hit(Limit::Wall).into())),
        None => run.await,
    };
    let error = match ended {
        Ok(Ok(())) => return Ok(Exit::Success),
        Ok(Err(())) => return Ok(Exit::Failure),
        Err(error) => error,
    };
    let (name, reason) = (command.name.clone(), one_line(&error));
    match hit_by(&error, limits) {
        Some(hit) => {
            metrics.hit(hit.limit);
            Err(Error::Limit { name, hit })
        }
        None => Err(Error::Trap { name, reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::fixture::{Server, Step};

    const UNAVAILABLE: Step =
        Step::Write("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");

    /// The figures of a source that ran, with these flags, until it was asked to stop after that many requests; or to its end.
    async fn figures(flags: &[&str], requests: Option<usize>) -> String {
        let server = Server::start(vec![vec![UNAVAILABLE]]).await;
        let sink = format!("http://{}/", server.address);
        let metrics = Metrics::default();
        let source = Source {
            args: flags.iter().map(ToString::to_string).collect(),
            env: vec![("K_SINK".to_owned(), sink)],
            allow: Vec::new(),
            trust: TrustSettings::default(),
            proxies: Proxies::default(),
            token: None,
            limits: Limits::default(),
            metrics: metrics.clone(),
            tracing: None,
            health: Health::default(),
            grace_period: Duration::from_millis(10),
        };
        let command = Engine::new().unwrap().heartbeats().unwrap();
        let (stopper, stop) = Stop::channel();
        let (output, _) = Output::new(io::sink()).unwrap();
        let running = run_with(&command, source, stop, output.clone(), output);
        let stopping = async {
            let requests = requests.unwrap_or(usize::MAX);
            while server.requests() < requests {
                sleep(Duration::from_millis(1)).await;
            }
            stopper.stop();
            std::future::pending().await
        };
        tokio::select! {
            exit = running => drop(exit.unwrap()),
            () = stopping => {}
            () = sleep(Duration::from_secs(20)) => panic!("it runs on: {}", metrics.text()),
        }
        metrics.text()
    }

    #[tokio::test]
    async fn every_beat_that_was_not_delivered_is_counted_in_both_modes_and_the_last_one_too() {
        for mode in ["--mode=binary", "--mode=structured"] {
            let common = ["--eventSource=/x", "--period=20ms", mode];
            let to_its_end = [&common[..], &["--retries=1", "--count=3"]].concat();
            let retrying = [&common[..], &["--retries=1000"]].concat();
            for (flags, requests, beats) in [(to_its_end, None, 3), (retrying, Some(3), 1)] {
                let text = figures(&flags, requests).await;
                let told = format!("heartbeats_beats_total{{outcome=\"given_up\"}} {beats}");
                assert!(text.lines().any(|line| line == told), "{flags:?}: {text}");
            }
        }
    }
}

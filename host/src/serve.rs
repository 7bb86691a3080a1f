//! A great many sources of many tenants in one process: each beat in a fresh sandbox that reaches its sink and nothing else.
//!
//! | module | what |
//! |---|---|
//! | `catalog`, `watch` | what the manifests say, and what of it changes |
//! | `scheduler` | which source beats when; pure, with the `wheel` of timers and the `tenants` that take turns |
//! | `service` | the loop that owns the scheduler |
//! | `executor`, `beat` | threads that make beats, each in a fresh instance of a `component` |
//! | `checking` | what a component thinks of a source's settings |
//! | `clients`, `tokens` | whom a beat's request trusts, and what it shows |
//! | `admin` | what can be seen and done over HTTP |
//!
//! The scheduler is owned by one thread; the threads of the executor only get whole beats to make and hand back their outcomes.

mod admin;
mod beat;
mod catalog;
mod checking;
mod clients;
mod component;
mod executor;
mod open_files;
mod scheduler;
mod service;
mod shard;
mod tokens;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::Error;
use crate::client::{Proxies, Sockets, Trust, TrustSettings};
use crate::engine::Engine;
use crate::listener::Listener;
use crate::run::Lines;
use crate::sandbox::Output;
use crate::shutdown::Stop;
use crate::telemetry::{self, Exporter, LoggedLines, Metrics, TracingSettings};
use clients::Clients;
use executor::Executors;
use scheduler::Scheduler;
use service::{Clock, Service};

pub(crate) use catalog::{Catalog, Place};
pub(crate) use checking::check;
pub(crate) use component::{Component, Components};
pub use open_files::SocketsError;
pub use scheduler::{TenantLimits, TenantLimitsError};
pub use shard::{Shard, ShardError};
pub use tokens::Tokens;

/// Beats in flight in the whole process: each holds an instance, and the system bounds the mappings of those.
const INSTANCES: u32 = 1_000;
/// Requests of the admin interface that wait for the scheduler.
const REQUESTS: usize = 64;
/// How long the host waits at its end for somebody to read the guests' last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What to serve, and how.
pub struct Options {
    /// Files and folders of manifests.
    pub sources: Vec<PathBuf>,
    /// Which of them.
    pub shard: Shard,
    /// What each tenant may use.
    pub tenant_limits: TenantLimits,
    /// Whom they trust over `https`.
    pub trust: TrustSettings,
    /// What they show to sinks with an audience.
    pub tokens: Tokens,
    /// Which proxies they send through.
    pub proxies: Proxies,
    /// Connections to sinks, idle ones too; `None`: what the system's limit on open files leaves.
    pub sockets: Option<usize>,
    /// Where their lines go.
    pub lines: Lines,
    /// Where the spans of their requests go, if there are to be any.
    pub tracing: Option<TracingSettings>,
    /// Where the admin interface listens.
    pub admin: SocketAddr,
    /// How long beats in flight may go on after the first signal.
    pub grace_period: Duration,
}

/// Serves until it is asked to stop.
pub async fn serve(options: Options, stop: Stop) -> Result<(), Error> {
    let limit = open_files::sockets(options.sockets)?;
    warn_of_greed(limit, options.tenant_limits);
    let sockets = Sockets::new(limit);
    let admin = Listener::bind(options.admin, "--admin").await?;
    let engine = Engine::pooling(INSTANCES)?;
    let output = match options.lines {
        Lines::Streams => Output::new(std::io::stderr()),
        Lines::Log => Output::new(LoggedLines::prefixed()),
    };
    let (output, writer) = output.map_err(Error::thread)?;
    let (done_sender, done) = service::done();
    let metrics = Metrics::default();
    let tracing = options.tracing.as_ref().map(|settings| {
        let service = telemetry::Service {
            name: env!("CARGO_PKG_NAME").to_owned(),
            pod: None,
            namespace: None,
        };
        let proxies = options.proxies.clone();
        Exporter::start(settings, &service, &options.trust, proxies, metrics.clone())
    });
    let (tracer, exporter) = tracing.transpose()?.unzip();
    let cores = available_parallelism().map_or(1, usize::from);
    let trust = Trust::read(&options.trust)?;
    let clients = || {
        let (proxies, sockets) = (options.proxies.clone(), sockets.clone());
        Clients::new(trust.clone(), proxies, sockets, tracer.clone())
    };
    let usual = (0..cores).map(|_| clients()).collect::<Result<_, _>>()?;
    let tokens = &options.tokens;
    let executors = Executors::start(usual, clients()?, tokens, &metrics, &output, &done_sender)
        .map_err(Error::thread)?;
    drop(output);
    let (changes_sender, changes) = mpsc::unbounded_channel();
    let catalog = Catalog::new(options.sources, options.shard, Components::new(engine))
        .with_tokens(options.tokens);
    watch::start(catalog, changes_sender).map_err(Error::thread)?;
    let (requests_sender, requests) = mpsc::channel(REQUESTS);
    tracing::info!("admin interface on http://{}", admin.address());
    let admin = tokio::spawn(admin::answer(admin, requests_sender, metrics));
    let service = Service {
        scheduler: Scheduler::new(options.tenant_limits, INSTANCES, rand::random),
        executors,
        done,
        changes,
        requests,
        clock: Clock::start(),
        sockets: (sockets, limit),
        grace_period: options.grace_period,
        ready: false,
        problems: 0,
    };
    service.run(stop).await;
    admin.abort();
    if let Some(exporter) = exporter {
        exporter.finish().await;
    }
    writer.finish(LAST_LINES);
    Ok(())
}

/// No tenant should be able to take all there is.
fn warn_of_greed(sockets: usize, limits: TenantLimits) {
    let one_tenant = limits.in_flight as usize;
    let most = sockets / beat::REQUESTS;
    if one_tenant >= most {
        tracing::warn!(
            sockets,
            "one tenant's beats in flight may take all sockets; make in-flight of --tenant-limits less than {most}, or raise --sockets"
        );
    }
}

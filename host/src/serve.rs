//! A great many sources of many tenants in one process: each beat in a fresh sandbox that reaches its sink and nothing else.
//!
//! | module | what |
//! |---|---|
//! | `catalog`, `watch` | what the manifests say, and what of it changes |
//! | [`scheduler`] | which source beats when; pure, with the `wheel` of timers and the `tenants` that take turns |
//! | `service` | the loop that owns the scheduler |
//! | `executor`, `beat` | threads that make beats, each in a fresh instance of a `component` |
//! | `admin` | what can be seen and done over HTTP |
//!
//! The scheduler is owned by one thread; the threads of the executor only get whole beats to make and hand back their outcomes.

mod admin;
mod beat;
mod catalog;
mod component;
mod executor;
mod metered;
mod service;
mod shard;
mod tenants;
mod watch;
mod wheel;

pub mod scheduler;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::Error;
use crate::client::{Client, Proxies, Trust, TrustSettings};
use crate::engine::Engine;
use crate::run::Lines;
use crate::sandbox::Output;
use crate::shutdown::Stop;
use crate::telemetry::{self, Exporter, LoggedLines, Metrics, TracingSettings};
use executor::Executors;
use scheduler::Scheduler;
use service::{Clock, Service};

pub use catalog::{Catalog, Changes};
pub use component::{Component, Components};
pub use shard::{Shard, ShardError};
pub use tenants::{TenantLimits, TenantLimitsError};

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
    /// Which proxies they send through.
    pub proxies: Proxies,
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
    let thread = |reason| Error::System {
        what: "cannot start a thread",
        reason,
    };
    let admin = admin::Listener::bind(options.admin).await?;
    let engine = Engine::pooling(INSTANCES)?;
    let output = match options.lines {
        Lines::Streams => Output::new(std::io::stderr()),
        Lines::Log => Output::new(LoggedLines::prefixed()),
    };
    let (output, writer) = output.map_err(thread)?;
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
    let clients: Vec<Client> = (0..cores)
        .map(|_| {
            let client = Client::new(Trust::read(&options.trust)?, options.proxies.clone())?;
            Ok(client.traced_by(tracer.clone()))
        })
        .collect::<Result<_, Error>>()?;
    let executors = Executors::start(clients, &metrics, &output, &done_sender).map_err(thread)?;
    drop(output);
    let (changes_sender, changes) = mpsc::unbounded_channel();
    let catalog = Catalog::new(options.sources, options.shard, Components::new(engine));
    watch::start(catalog, changes_sender).map_err(thread)?;
    let (requests_sender, requests) = mpsc::channel(REQUESTS);
    tracing::info!("admin interface on http://{}", admin.address());
    let admin = tokio::spawn(admin.serve(requests_sender));
    let service = Service {
        scheduler: Scheduler::new(options.tenant_limits, || uuid::Uuid::new_v4().as_u128()),
        executors,
        done,
        changes,
        requests,
        clock: Clock::start(),
        instances: INSTANCES as usize,
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

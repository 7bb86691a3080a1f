//! The command line of the host.

mod args;
mod logs;

use std::env;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use heartbeats_host::Listener;
use heartbeats_host::check::check;
use heartbeats_host::client::{Proxies, TrustSettings};
use heartbeats_host::demo;
use heartbeats_host::display::{Style, show};
use heartbeats_host::engine::Engine;
use heartbeats_host::environment::environment;
use heartbeats_host::identity::Token;
use heartbeats_host::run::{Exit, Lines, Source, run};
use heartbeats_host::sandbox::Limits;
use heartbeats_host::serve::{self, Shard, Tokens};
use heartbeats_host::shutdown::Stop;
use heartbeats_host::telemetry::{Health, Metrics, TracingSettings, watch};
use tokio::runtime::{Builder, Runtime};

use args::{Args, Check, Command, Display, LogFormat, Run, Serve};

/// A beat makes some hundreds of small allocations; the system's allocator, above all musl's, takes longer for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // First of all, so that a signal at any time from here on ends the process cleanly.
    let begun = begin();
    let args = Args::parse();
    let format = args.log_format;
    logs::start(format);
    match begun.and_then(|(runtime, stop)| start(runtime, stop, args.command, format)) {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::Failure) => ExitCode::FAILURE,
        Err(error) => {
            match format {
                LogFormat::Text => eprintln!("heartbeats-host: {error:#}"),
                LogFormat::Json => tracing::error!("{error:#}"),
            }
            ExitCode::FAILURE
        }
    }
}

fn begin() -> anyhow::Result<(Runtime, Stop)> {
    // One source needs one thread, and costs less on one.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let context = runtime.enter();
    let stop = Stop::on_signals().context("cannot listen for signals")?;
    drop(context);
    Ok((runtime, stop))
}

fn start(
    runtime: Runtime,
    stop: Stop,
    command: Command,
    format: LogFormat,
) -> anyhow::Result<Exit> {
    let lines = match format {
        LogFormat::Text => Lines::Streams,
        LogFormat::Json => Lines::Log,
    };
    let exit = runtime.block_on(async {
        match command {
            Command::Run(options) => run_source(options, lines, stop).await,
            Command::Serve(options) => serve_sources(options, lines, stop).await,
            Command::Check(options) => check_paths(options).await,
            Command::Display(options) => show_events(options, stop).await,
            Command::Demo => Ok(demo::run(&Engine::new()?, Style::of_stdout(false), stop).await?),
        }
    });
    // A name that is still being resolved must not hold up the end.
    runtime.shutdown_background();
    exit
}

async fn run_source(options: Run, lines: Lines, stop: Stop) -> anyhow::Result<Exit> {
    let variable = |name: &str| env::var_os(name);
    let env = environment(&variable, &options.env)?;
    let trust = TrustSettings::new(options.ca_dir, &variable)?;
    let token = Token::find(options.oidc_token.as_deref())?;
    let mut limits = Limits::default();
    for limit in options.limits {
        limits.set(limit);
    }
    let tracing = TracingSettings::new(&variable)?;
    let (metrics, health) = (Metrics::default(), Health::default());
    if let Some(address) = options.metrics {
        let listener = Listener::bind(address, "--metrics").await?;
        tracing::info!("metrics at http://{}/metrics", listener.address());
        tokio::spawn(watch(listener, metrics.clone(), health.clone()));
    }
    let engine = Engine::new()?;
    let command = match &options.component {
        Some(path) => engine.open(path)?,
        None => engine.heartbeats()?,
    };
    let source = Source {
        args: options.flags,
        env,
        allow: options.allow,
        trust,
        proxies: Proxies::new(&variable)?,
        token,
        limits,
        metrics,
        tracing,
        health,
        grace_period: options.grace_period,
    };
    Ok(run(&command, source, stop, lines).await?)
}

async fn serve_sources(options: Serve, lines: Lines, stop: Stop) -> anyhow::Result<Exit> {
    let trust = TrustSettings::new(options.ca_dir, &|name| env::var_os(name))?;
    let options = serve::Options {
        sources: options.sources,
        shard: options.shard.unwrap_or(Shard::ALL),
        tenant_limits: options.tenant_limits.unwrap_or_default(),
        trust,
        tokens: Tokens::new(options.oidc_tokens),
        proxies: Proxies::new(&|name| env::var_os(name))?,
        sockets: options.sockets,
        lines,
        tracing: TracingSettings::new(&|name| env::var_os(name))?,
        admin: options.admin,
        grace_period: options.grace_period,
    };
    serve::serve(options, stop).await?;
    Ok(Exit::Success)
}

async fn check_paths(options: Check) -> anyhow::Result<Exit> {
    // Components are asked one at a time, and one may need the core instances of two.
    let checked = check(&Engine::pooling(2)?, options.paths).await?;
    for problem in &checked.problems {
        eprintln!("{problem}");
    }
    println!(
        "{} sources and {} components are right, {} problems",
        checked.sources,
        checked.components,
        checked.problems.len()
    );
    Ok(if checked.problems.is_empty() {
        Exit::Success
    } else {
        Exit::Failure
    })
}

async fn show_events(options: Display, stop: Stop) -> anyhow::Result<Exit> {
    let listener = Listener::bind(options.listen, "--listen").await?;
    eprintln!("listening on http://{}", listener.address());
    let style = Style::of_stdout(options.json);
    show(listener, style, std::io::stdout(), stop).await;
    Ok(Exit::Success)
}

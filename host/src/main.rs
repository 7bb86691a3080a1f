//! The command line of the host.

mod args;
mod logs;

use std::env;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use heartbeats_host::check::check;
use heartbeats_host::client::TrustSettings;
use heartbeats_host::demo;
use heartbeats_host::display::{self, Style};
use heartbeats_host::engine::Engine;
use heartbeats_host::environment::environment;
use heartbeats_host::identity::Token;
use heartbeats_host::run::{Exit, Source, run};
use heartbeats_host::serve::{self, Shard};
use heartbeats_host::shutdown::Stop;

use args::{Args, Check, Command, Display, Run, Serve};

fn main() -> ExitCode {
    let args = Args::parse();
    logs::start();
    match start(args.command) {
        Ok(Exit::Success) => ExitCode::SUCCESS,
        Ok(Exit::Failure) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("heartbeats-host: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> anyhow::Result<Exit> {
    // One source needs one thread, and costs less on one.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let exit = runtime.block_on(async {
        // Before anything else, so that a signal during the start ends the process cleanly too.
        let stop = Stop::on_signals().context("cannot listen for signals")?;
        match command {
            Command::Run(options) => run_source(options, stop).await,
            Command::Serve(options) => serve_sources(options, stop).await,
            Command::Check(options) => check_paths(options),
            Command::Display(options) => show_events(options, stop).await,
            Command::Demo => Ok(demo::run(&Engine::new()?, Style::of_stdout(false), stop).await?),
        }
    });
    // A name that is still being resolved must not hold up the end.
    runtime.shutdown_background();
    exit
}

async fn run_source(options: Run, stop: Stop) -> anyhow::Result<Exit> {
    let variable = |name: &str| env::var_os(name);
    let env = environment(&variable, &options.env)?;
    let trust = TrustSettings::new(options.ca_dir, &variable)?;
    let token = Token::find(options.oidc_token.as_deref())?;
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
        token,
        grace_period: options.grace_period,
    };
    Ok(run(&command, source, stop).await?)
}

async fn serve_sources(options: Serve, stop: Stop) -> anyhow::Result<Exit> {
    let trust = TrustSettings::new(options.ca_dir, &|name| env::var_os(name))?;
    let options = serve::Options {
        sources: options.sources,
        shard: options.shard.unwrap_or(Shard::ALL),
        tenant_limits: options.tenant_limits.unwrap_or_default(),
        trust,
        admin: options.admin,
        grace_period: options.grace_period,
    };
    serve::serve(options, stop).await?;
    Ok(Exit::Success)
}

fn check_paths(options: Check) -> anyhow::Result<Exit> {
    let checked = check(&Engine::new()?, options.paths);
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
    let listener = display::Listener::bind(options.listen).await?;
    eprintln!("listening on http://{}", listener.address());
    listener
        .show(Style::of_stdout(options.json), std::io::stdout(), stop)
        .await;
    Ok(Exit::Success)
}

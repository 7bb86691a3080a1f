//! Ten thousand beats a second for a minute, with nginx as the sink on the same machine.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use crate::process::{Process, settle};
use crate::results::save;
use crate::sources::{Serve, Sources, free_address};

const SOURCES: usize = 1_000;
const SCHEDULE: Duration = Duration::from_millis(100);
const WINDOW: Duration = Duration::from_secs(60);

/// Measures, prints and saves.
pub(crate) fn measure() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let address = free_address()?;
    let configuration = folder.path().join("nginx.conf");
    fs::write(
        &configuration,
        format!(
            "daemon off; worker_processes 1; pid {0}/pid; error_log {0}/log;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {0}/body;\n\
             server {{ listen {address}; location / {{ return 202; }} }} }}\n",
            folder.path().display()
        ),
    )?;
    let mut nginx = Command::new("nginx");
    nginx
        .arg("-c")
        .arg(&configuration)
        .arg("-p")
        .arg(folder.path());
    let _nginx = Process::start(&mut nginx)
        .context("nginx is needed as the sink; Debian: apt-get install nginx-light")?;

    let sources = Sources::new()?;
    sources.write("all", 0..SOURCES, |_| {
        format!(
            "sink: {{uri: 'http://{address}/'}}, schedule: {SCHEDULE:?}, startJitter: {SCHEDULE:?}"
        )
    })?;
    let serve = sources.serve()?;
    settle();
    let (cpu, before, start) = (serve.process.cpu()?, counters(&serve)?, Instant::now());
    thread::sleep(WINDOW);
    let (cpu, after, took) = (
        serve.process.cpu()? - cpu,
        counters(&serve)?,
        start.elapsed(),
    );
    let (delivered, missed) = (after.0 - before.0, after.1 - before.1);
    let (rate, cost) = (
        delivered / took.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / delivered,
    );
    println!(
        "asked for {:.0}/s: {rate:.0}/s delivered, {missed:.0} ticks missed in {took:.1?}; {cost:.1} µs CPU a beat",
        SOURCES as f64 / SCHEDULE.as_secs_f64()
    );
    save(
        "rate",
        &json!({"delivered_per_second": rate, "missed": missed, "seconds": took.as_secs_f64(), "cpu_us_per_beat": cost}),
    )
}

/// What was delivered and what missed.
fn counters(serve: &Serve) -> anyhow::Result<(f64, f64)> {
    Ok((
        serve.metric("heartbeats_events_delivered_total")?,
        serve.metric("heartbeats_ticks_missed_total")?,
    ))
}

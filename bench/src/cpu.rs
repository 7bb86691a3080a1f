//! The processor time of one event, for us and for the peers, in turns.

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{env, thread};

use anyhow::ensure;
use serde_json::{Map, Value};

use crate::process::Process;
use crate::results::{Samples, print_ratios, save};
use crate::sink::Sink;
use crate::sources::{Serve, Sources, built};

const WARM_UP: Duration = Duration::from_millis(1500);
const WINDOW: Duration = Duration::from_secs(4);
/// How often each source of `serve` beats; [`MANY`] of them do it as often in all as a sequential sender can.
const SCHEDULE: Duration = Duration::from_millis(100);
const MANY: usize = 1_000;
const FEW: usize = 100;

const GO: &str = "Go net/http, sequential";
const GO_PACED: &str = "Go net/http, sequential, 1,000/s";
const NATIVE: &str = "native hyper-util, sequential";

/// A sender that is under way.
enum Sender {
    Process(Process),
    Serve(
        Serve,
        #[expect(dead_code, reason = "the folder is gone with it")] Sources,
    ),
}

/// Measures, prints and saves.
pub(crate) fn measure(rounds: usize, only: &str, component: Option<&Path>) -> anyhow::Result<()> {
    let go = built("GO_PEER")?;
    let wasmtime = built("WASMTIME")?;
    let heartbeats = built("COMPONENT")?;
    type Start<'a> = Box<dyn Fn(&Sink) -> anyhow::Result<Sender> + 'a>;
    let peers: Vec<(&str, Start)> = vec![
        (GO, Box::new(|sink| alone(&mut Command::new(&go), sink))),
        (
            GO_PACED,
            Box::new(|sink| alone(Command::new(&go).env("PERIOD", "1ms"), sink)),
        ),
        (
            NATIVE,
            Box::new(|sink| {
                let mut native = Command::new(env::current_exe()?);
                native.arg("native");
                alone(&mut native, sink)
            }),
        ),
        (
            "serve, a fresh sandbox each beat, 10,000/s",
            Box::new(|sink| serve(sink, MANY, component)),
        ),
        (
            "serve, a fresh sandbox each beat, 1,000/s",
            Box::new(|sink| serve(sink, FEW, component)),
        ),
        (
            "heartbeats-host run, one sandbox",
            Box::new(|sink| {
                let mut run = Command::new(built("HOST")?);
                // The usual limit on the log would hold it back.
                run.args(["run", "--limit=log=1Gi", "--", "--period=1us"]);
                alone(&mut run, sink)
            }),
        ),
        (
            "wasmtime run, one sandbox",
            Box::new(|sink| {
                let mut run = Command::new(&wasmtime);
                run.args(["run", "-Shttp"]);
                for name in ["K_SINK", "POD_NAME", "POD_NAMESPACE"] {
                    run.args(["--env", name]);
                }
                run.arg(&heartbeats).arg("--period=1us");
                alone(&mut run, sink)
            }),
        ),
    ];
    let peers: Vec<_> = peers
        .into_iter()
        .filter(|(name, _)| name.contains(only))
        .collect();
    let mut costs: Vec<Samples> = peers.iter().map(|(name, _)| Samples::named(name)).collect();
    let mut rates: Vec<Samples> = peers.iter().map(|(name, _)| Samples::named(name)).collect();
    for _ in 0..rounds {
        for (number, (name, start)) in peers.iter().enumerate() {
            let sink = Sink::start()?;
            let sender = start(&sink)?;
            thread::sleep(WARM_UP);
            let (cpu, events) = (sender.cpu()?, sink.count());
            thread::sleep(WINDOW);
            let (cpu, events) = (sender.cpu()? - cpu, sink.count() - events);
            ensure!(events > 0, "{name} sent nothing");
            costs[number]
                .values
                .push(cpu.as_secs_f64() * 1e6 / events as f64);
            rates[number]
                .values
                .push(events as f64 / WINDOW.as_secs_f64());
        }
    }
    print_ratios("CPU µs an event", &costs, &[GO, GO_PACED, NATIVE]);
    println!();
    print_ratios("events/s", &rates, &[]);
    let result: Map<String, Value> = costs
        .iter()
        .zip(&rates)
        .map(|(cost, rate)| {
            let both = serde_json::json!({"cpu_us_per_event": cost.json(), "events_per_second": rate.json()});
            (cost.name.clone(), both)
        })
        .collect();
    save("cpu", &result.into())
}

/// A process that sends one event after the other.
fn alone(command: &mut Command, sink: &Sink) -> anyhow::Result<Sender> {
    command
        .env("K_SINK", sink.url())
        .env("POD_NAME", "source-1")
        .env("POD_NAMESPACE", "tenant-1");
    Ok(Sender::Process(Process::start(command)?))
}

fn serve(sink: &Sink, count: usize, component: Option<&Path>) -> anyhow::Result<Sender> {
    let sources = Sources::new()?;
    let component = component.map_or_else(String::new, |path| {
        format!(", component: {{path: '{}'}}", path.display())
    });
    sources.write("all", 0..count, |_| {
        format!(
            "sink: {{uri: '{}'}}, schedule: {SCHEDULE:?}, startJitter: {SCHEDULE:?}{component}",
            sink.url()
        )
    })?;
    Ok(Sender::Serve(sources.serve()?, sources))
}

impl Sender {
    fn cpu(&self) -> anyhow::Result<Duration> {
        match self {
            Self::Process(process) => process.cpu(),
            Self::Serve(serve, _) => serve.process.cpu(),
        }
    }
}

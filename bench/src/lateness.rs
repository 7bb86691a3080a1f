//! How late events come to their sink, with and without hostile sources among the others.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::process::settle;
use crate::results::{Samples, print_ratios, quantile, save};
use crate::sink::{Arrival, Sink};
use crate::sources::{Sources, built};

const SOURCES: usize = 1_000;
const SCHEDULE: Duration = Duration::from_millis(200);
const WINDOW: Duration = Duration::from_secs(20);
/// Every so manieth source is hostile.
const HOSTILE: usize = 100;

const CALM: &str = "all sources behave";
const HARASSED: &str = "1 % are hostile";

/// Measures, prints and saves.
pub(crate) fn measure(rounds: usize) -> anyhow::Result<()> {
    let hostile = built("HOSTILE")?;
    let hostile = hostile.display();
    // Connections wait here for ever: nobody accepts them.
    let hung = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let hung = format!("http://{}/", hung.local_addr()?);
    let names = [CALM, HARASSED];
    let mut p50 = names.map(Samples::named);
    let mut p99 = names.map(Samples::named);
    let mut p999 = names.map(Samples::named);
    let mut lost = names.map(Samples::named);
    for _ in 0..rounds {
        for (number, name) in names.into_iter().enumerate() {
            let sink = Sink::start()?;
            let sources = Sources::new()?;
            let spec = |uri: &str, more: &str| {
                format!(
                    "sink: {{uri: '{uri}'}}, schedule: {SCHEDULE:?}, startJitter: {SCHEDULE:?}{more}"
                )
            };
            sources.write("all", 0..SOURCES, |source| {
                let attack = match source / HOSTILE % 4 {
                    _ if name == CALM || source % HOSTILE != 0 => return spec(&sink.url(), ""),
                    0 => return spec(&hung, ""),
                    1 => "loop",
                    2 => "memory",
                    _ => "log",
                };
                spec(
                    &sink.url(),
                    &format!(", component: {{path: '{hostile}'}}, args: [{attack}]"),
                )
            })?;
            let _serve = sources.serve()?;
            settle();
            sink.take();
            thread::sleep(WINDOW);
            let arrivals = sink.take();
            let late: Vec<f64> = arrivals
                .iter()
                .map(|arrival| arrival.late.as_secs_f64() * 1e3)
                .collect();
            p50[number].values.push(quantile(&late, 0.5));
            p99[number].values.push(quantile(&late, 0.99));
            p999[number].values.push(quantile(&late, 0.999));
            lost[number].values.push(gaps(&arrivals) as f64);
        }
    }
    let mut result = Map::new();
    for (unit, samples) in [
        ("lateness in ms, half of the events", p50),
        ("lateness in ms, 99 %", p99),
        ("lateness in ms, 99.9 %", p999),
        ("events that never came", lost),
    ] {
        print_ratios(unit, &samples, &[CALM]);
        println!();
        let samples = samples
            .iter()
            .map(|samples| (samples.name.clone(), samples.json()));
        result.insert(unit.to_owned(), Value::Object(samples.collect()));
    }
    save("lateness", &Value::Object(result))
}

/// Ticks between the first and the last one of each source of which no event came.
fn gaps(arrivals: &[Arrival]) -> u64 {
    let mut ticks: HashMap<u32, Vec<u64>> = HashMap::new();
    for arrival in arrivals {
        ticks.entry(arrival.source).or_default().push(arrival.due);
    }
    let period = SCHEDULE.as_nanos() as u64;
    let missing = |mut dues: Vec<u64>| {
        dues.sort_unstable();
        let pairs = dues.windows(2);
        pairs
            .map(|pair| ((pair[1] - pair[0] + period / 2) / period).saturating_sub(1))
            .sum::<u64>()
    };
    ticks.into_values().map(missing).sum()
}

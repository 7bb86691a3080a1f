//! Sources that are added, changed and removed every second, for an hour.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::process::settle;
use crate::results::{quantile, save};
use crate::sink::Sink;
use crate::sources::Sources;

/// Sources at any time, and how often each of them beats.
const SOURCES: usize = 500;
const SCHEDULE: Duration = Duration::from_secs(1);
/// Of each kind of change, every second.
const CHANGES: usize = 5;
/// A removed source has beaten its last after so long.
const GRACE: Duration = Duration::from_secs(1);

/// Measures, prints and saves.
pub(crate) fn measure(minutes: u64) -> anyhow::Result<()> {
    let sink = Sink::start()?;
    let sources = Sources::new()?;
    let spec = |label: usize| {
        format!(
            "sink: {{uri: '{}'}}, schedule: {SCHEDULE:?}, args: ['--label={label}']",
            sink.url()
        )
    };
    let write =
        |source: usize, label: usize| sources.write(&name(source), [source], |_| spec(label));
    let mut present: Vec<usize> = (0..SOURCES).collect();
    for source in &present {
        write(*source, 0)?;
    }
    let serve = sources.serve()?;
    settle();

    let (start, mut memory, mut late) = (Instant::now(), Vec::new(), Vec::new());
    let mut removed: HashMap<u32, Instant> = HashMap::new();
    let (mut next, mut after_removal, mut events) = (SOURCES, 0, 0);
    for second in 1..=minutes * 60 {
        for _ in 0..CHANGES {
            let gone = present.swap_remove(fastrand::usize(..present.len()));
            sources.remove(&name(gone))?;
            removed.insert(gone as u32, Instant::now());
            let changed = present[fastrand::usize(..present.len())];
            write(changed, second as usize)?;
            write(next, 0)?;
            present.push(next);
            next += 1;
        }
        thread::sleep(
            (start + Duration::from_secs(second)).saturating_duration_since(Instant::now()),
        );
        for arrival in sink.take() {
            events += 1;
            late.push(arrival.late.as_secs_f64() * 1e3);
            let gone = removed.get(&arrival.source);
            after_removal += usize::from(gone.is_some_and(|gone| arrival.at > *gone + GRACE));
        }
        memory.push(serve.process.memory()? as f64 / 1e6);
    }
    let tenths: Vec<f64> = memory
        .chunks(memory.len().div_ceil(10))
        .map(|tenth| quantile(tenth, 0.5).round())
        .collect();
    println!(
        "{minutes} minutes, {} changes, {events} events, {after_removal} of them more than {GRACE:?} after their source was removed; \
         99 % late by at most {:.1} ms; memory in MB, by tenths of the time: {tenths:?}, never over {:.0}",
        minutes * 60 * 3 * CHANGES as u64,
        quantile(&late, 0.99),
        quantile(&memory, 1.0),
    );
    save(
        "churn",
        &json!({"minutes": minutes, "events": events, "events_after_removal": after_removal,
                "lateness_ms_99": quantile(&late, 0.99), "memory_mb": {"tenths": tenths, "most": quantile(&memory, 1.0)}}),
    )
}

fn name(source: usize) -> String {
    format!("source-{source}")
}

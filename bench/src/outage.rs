//! A sink of ten thousand sources that is away for ten minutes, beside one that is not.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::process::settle;
use crate::results::{quantile, save};
use crate::sink::{Arrival, Sink};
use crate::sources::Sources;

const AFFECTED: usize = 10_000;
const OTHERS: usize = 1_000;
const SCHEDULE: Duration = Duration::from_secs(10);
/// What is looked at before and after.
const AROUND: Duration = Duration::from_secs(60);

/// Measures, prints and saves.
pub(crate) fn measure(minutes: u64) -> anyhow::Result<()> {
    let (affected, other) = (Sink::start()?, Sink::start()?);
    let sources = Sources::new()?;
    sources.write("all", 0..AFFECTED + OTHERS, |source| {
        let sink = if source < AFFECTED { &affected } else { &other };
        format!(
            "sink: {{uri: '{}'}}, schedule: {SCHEDULE:?}, startJitter: {SCHEDULE:?}",
            sink.url()
        )
    })?;
    let serve = sources.serve()?;
    thread::sleep(SCHEDULE);
    settle();
    let take = |time| {
        affected.take();
        other.take();
        thread::sleep(time);
        (affected.take(), other.take())
    };

    let (before, other_before) = take(AROUND);
    let memory_before = serve.process.memory()?;
    affected.set_down(true);
    let (_, other_during) = take(Duration::from_secs(minutes * 60));
    let memory_during = serve.process.memory()?;
    let attempts = peak(&affected.take_dropped());
    affected.set_down(false);
    let (after, other_after) = take(AROUND);
    let memory_after = serve.process.memory()?;

    let normal = before.len() as f64 / AROUND.as_secs_f64();
    let returned = peak(&after.iter().map(|arrival| arrival.at).collect::<Vec<_>>());
    let late = |arrivals: &[Arrival]| {
        let late: Vec<f64> = arrivals
            .iter()
            .map(|arrival| arrival.late.as_secs_f64() * 1e3)
            .collect();
        quantile(&late, 0.99)
    };
    let others = [&other_before, &other_during, &other_after].map(|arrivals| late(arrivals));
    let expected = OTHERS as f64 / SCHEDULE.as_secs_f64() * minutes as f64 * 60.0;
    println!(
        "{minutes} minutes. Events a second: {normal:.0} before; in the worst second {attempts} attempts while it was away and \
         {returned} events after it came back.\nThe other sink got {} of {expected:.0} events meanwhile, 99 % late by at most \
         {:.1} ms before, {:.1} ms during and {:.1} ms after.\nMemory: {:.1} MB before, {:.1} MB at the end of the outage, \
         {:.1} MB after it.",
        other_during.len(),
        others[0],
        others[1],
        others[2],
        memory_before as f64 / 1e6,
        memory_during as f64 / 1e6,
        memory_after as f64 / 1e6,
    );
    save(
        "outage",
        &json!({"minutes": minutes, "normal_per_second": normal, "attempts_peak": attempts, "events_peak_after": returned,
                "others_lateness_ms_99": others, "others_events_during": other_during.len(), "others_expected_during": expected,
                "memory_bytes": [memory_before, memory_during, memory_after]}),
    )
}

/// How many there are in the second that has most.
fn peak(times: &[Instant]) -> usize {
    let mut times = times.to_vec();
    times.sort_unstable();
    let mut first = 0;
    let within = |(last, time): (usize, &Instant)| {
        while *time - times[first] >= Duration::from_secs(1) {
            first += 1;
        }
        last - first + 1
    };
    times
        .iter()
        .enumerate()
        .map(within)
        .max()
        .unwrap_or_default()
}

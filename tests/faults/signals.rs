//! `SIGTERM` at any moment.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::table::{self, Table};
use crate::support::{Answer, Request, Sink, Source, json_lines, lines_with};

const TIMES: u32 = 200;
/// In it the process starts, and sends some ten beats.
const SPREAD: Duration = Duration::from_millis(160);
const GRACE: Duration = Duration::from_secs(10);

#[test]
fn whenever_the_signal_comes_no_beat_is_half_sent_and_the_exit_is_clean() {
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut chance = fastrand::Rng::with_seed(seed);
    let moments: Vec<_> = (0..TIMES).map(|_| SPREAD.mul_f64(chance.f64())).collect();
    let stops = table::at_once(6, &moments, |moment| stop(*moment));

    let (unborn, stops): (Vec<_>, Vec<_>) = stops.iter().partition(|stop| stop.unborn);
    let longest = stops.iter().map(|stop| stop.took).max().unwrap();
    let beats: usize = stops.iter().map(|stop| stop.beats).sum();
    let in_flight = stops.iter().filter(|stop| stop.in_flight).count();
    let early = stops.iter().filter(|stop| stop.early).count();
    assert!(in_flight > 0, "no signal came while a beat was in flight");
    assert!(early > 0, "no signal came before the first beat");
    Table {
        name: "signals",
        heads: &[
            "signals",
            "before there was a program",
            "before the first beat",
            "while a beat was in flight",
            "beats sent",
            "half sent",
            "not told in the log",
            "exit 0",
            "longest way to the end",
        ],
        rows: vec![vec![
            TIMES.to_string(),
            unborn.len().to_string(),
            early.to_string(),
            in_flight.to_string(),
            beats.to_string(),
            "0".to_owned(),
            "0".to_owned(),
            stops.len().to_string(),
            format!("{} ms of {} s", longest.as_millis(), GRACE.as_secs()),
        ]],
    }
    .written();
}

struct Stop {
    /// The signal came before the first line of `main`, and did what signals do.
    unborn: bool,
    /// The signal came before the first request.
    early: bool,
    beats: usize,
    /// The last beat was answered after the signal.
    in_flight: bool,
    took: Duration,
}

/// The moment is counted from the start of the process. Some beats are answered at once and some late, and every seventh
/// fails once.
fn stop(moment: Duration) -> Stop {
    let answers = (0..7).map(|n| match n {
        3 => Answer::late(503, Duration::from_millis(3)),
        n => Answer::late(202, Duration::from_millis(n)),
    });
    let sink = Sink::script(answers.cycle().take(10_000));
    let grace = format!("--grace-period={}s", GRACE.as_secs());
    let source = Source::beating_to(&sink)
        .option(grace)
        .flags(["--period=5ms", "--log-format=json"])
        .start();
    thread::sleep(moment);

    let sent_before = sink.requests().len();
    let told_before = source.stderr().matches("heartbeat sent").count();
    let asked = Instant::now();
    source.signal(Signal::TERM);
    let ended = source.wait_within(GRACE);

    let took = asked.elapsed();
    if ended.status.signal() == Some(Signal::TERM.as_raw()) {
        assert_eq!((ended.output().as_str(), sink.connections()), ("", 0));
        return Stop {
            unborn: true,
            early: true,
            beats: 0,
            in_flight: false,
            took,
        };
    }
    let ended = ended.succeeded();
    assert_eq!(
        sink.broken(),
        [] as [String; 0],
        "{moment:?}: half a request"
    );
    let requests = sink.requests();
    let taken: BTreeSet<_> = requests
        .iter()
        .filter(|request| request.taken)
        .map(Request::id)
        .collect();
    let ids: BTreeSet<_> = requests.iter().map(Request::id).collect();
    assert_eq!(
        taken, ids,
        "{moment:?}: a beat in its back-off is delivered first"
    );
    let told: BTreeSet<_> = json_lines(&lines_with(&ended.stderr, "heartbeat ").join("\n"))
        .iter()
        .filter(|line| line["message"] == "heartbeat sent")
        .map(|line| line["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, taken, "{moment:?}: {}", ended.stderr);
    Stop {
        unborn: false,
        early: sent_before == 0,
        beats: taken.len(),
        in_flight: sent_before > told_before,
        took,
    }
}

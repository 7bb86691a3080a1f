//! `SIGTERM` at any moment.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::table::{self, Table};
use crate::support::{Answer, Request, Sink, Source, json_lines, lines_with};

const TIMES: u32 = 200;
const GRACE: Duration = Duration::from_secs(10);

#[test]
fn whenever_the_signal_comes_no_beat_is_half_sent_and_the_exit_is_clean() {
    let stops = table::at_once(6, &(0..TIMES).collect::<Vec<_>>(), |round| stop(*round));

    let longest = stops.iter().map(|stop| stop.took).max().unwrap();
    let beats: usize = stops.iter().map(|stop| stop.beats).sum();
    let in_flight = stops.iter().filter(|stop| stop.in_flight).count();
    assert!(in_flight > 0, "no signal came while a beat was in flight");
    Table {
        name: "signals",
        heads: &[
            "signals",
            "beats sent",
            "signals while a beat was in flight",
            "half sent",
            "not told in the log",
            "exit 0",
            "longest way to the end",
        ],
        rows: vec![vec![
            TIMES.to_string(),
            beats.to_string(),
            in_flight.to_string(),
            "0".to_owned(),
            "0".to_owned(),
            stops.len().to_string(),
            format!("{} ms of {} s", longest.as_millis(), GRACE.as_secs()),
        ]],
    }
    .written();
}

struct Stop {
    beats: usize,
    /// The last beat was answered after the signal.
    in_flight: bool,
    took: Duration,
}

/// The moment differs from round to round: from the first request on, in the time in which some ten beats are sent, some
/// answered at once and some late, and every seventh failing once.
fn stop(round: u32) -> Stop {
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
    sink.wait_for(1);
    // A number that shares no factor with the rest spreads the moments evenly.
    thread::sleep(Duration::from_micros(u64::from(round * 7919 % 1000) * 80));

    let sent_before = sink.requests().len();
    let told_before = source.stderr().matches("heartbeat sent").count();
    let asked = Instant::now();
    source.signal(Signal::TERM);
    let ended = source.wait_within(GRACE).succeeded();

    let took = asked.elapsed();
    assert_eq!(
        sink.broken(),
        [] as [String; 0],
        "round {round}: half a request"
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
        "round {round}: a beat in its back-off is delivered first"
    );
    let told: BTreeSet<_> = json_lines(&lines_with(&ended.stderr, "heartbeat ").join("\n"))
        .iter()
        .filter(|line| line["message"] == "heartbeat sent")
        .map(|line| line["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, taken, "round {round}: {}", ended.stderr);
    Stop {
        beats: taken.len(),
        in_flight: sent_before > told_before,
        took,
    }
}

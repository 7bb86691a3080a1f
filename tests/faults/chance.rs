//! A sink that fails half of its answers at random.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{self, Table};
use crate::support::{Answer, Request, Sink, Source, json_lines};

const SOURCES: usize = 40;
const BEATS: usize = 25;

#[test]
fn of_a_thousand_beats_to_a_sink_that_fails_at_random_none_is_lost() {
    let seeds: Vec<_> = (0..SOURCES as u64).collect();

    let ran = table::at_once(SOURCES, &seeds, |seed| {
        let sink = Sink::script(answers(*seed));
        let count = format!("--count={BEATS}");
        let source = Source::beating_to(&sink).flags([
            "--period=1ms",
            "--timeout=5s",
            "--log-format=json",
            &count,
        ]);
        let log = json_lines(&source.run().succeeded().stderr);
        (log, sink.requests())
    });

    let mut by_id: BTreeMap<String, Vec<Request>> = BTreeMap::new();
    let mut attempts = 0;
    for request in ran.iter().flat_map(|(_, requests)| requests) {
        attempts += 1;
        by_id.entry(request.id()).or_default().push(request.clone());
    }
    assert_eq!(by_id.len(), SOURCES * BEATS, "one id for each beat");
    let delivered = by_id
        .values()
        .map(|attempts| attempts.iter().filter(|attempt| attempt.taken).count());
    let twice = delivered.clone().filter(|taken| *taken > 1).count();
    assert!(
        delivered.clone().all(|taken| taken >= 1),
        "every beat is delivered"
    );
    for attempts in by_id.values() {
        let same = |attempt: &Request| {
            attempt.body == attempts[0].body
                && attempt.header("ce-time") == attempts[0].header("ce-time")
        };
        assert!(attempts.iter().all(same), "{attempts:#?}");
    }
    for (log, _) in &ran {
        let sent = log
            .iter()
            .filter(|line| line["message"] == "heartbeat sent");
        let numbers: BTreeSet<_> = sent
            .map(|line| line["sequence"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (1..=BEATS as u64).collect(), "{log:#?}");
    }
    Table {
        name: "chance",
        heads: &[
            "beats",
            "attempts read",
            "answers that failed",
            "delivered",
            "delivered more than once",
            "lost",
            "ids",
        ],
        rows: vec![vec![
            (SOURCES * BEATS).to_string(),
            attempts.to_string(),
            (attempts - delivered.sum::<usize>()).to_string(),
            by_id.len().to_string(),
            twice.to_string(),
            "0".to_owned(),
            by_id.len().to_string(),
        ]],
    }
    .written();
}

/// More than are needed: half of them are failures of every kind, with seven in a row at the most, so that no back-off
/// grows beyond what a test can wait for.
fn answers(seed: u64) -> Vec<Answer> {
    let failures = [
        Answer::status(503),
        Answer::status(500),
        Answer::status(429),
        Answer::status(404),
        Answer::Rst,
        Answer::Close,
        Answer::raw("garbage\r\n\r\n"),
        Answer::raw("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nhalf"),
    ];
    // SplitMix64: the same sequence in every run.
    let mut state = seed;
    let mut random = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut in_a_row = 0;
    let mut answer = || match random() {
        odd if odd % 2 == 1 && in_a_row < 7 => {
            in_a_row += 1;
            failures[(odd >> 32) as usize % failures.len()].clone()
        }
        _ => {
            in_a_row = 0;
            202.into()
        }
    };
    (0..10 * BEATS)
        .map(|_| answer())
        .chain([202.into()])
        .collect()
}

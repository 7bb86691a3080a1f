//! The rhythm: at once, then on a fixed grid.

use std::time::Duration;

use crate::support::{Answer, Request, Sink, Source};

const PERIOD: Duration = Duration::from_millis(200);

#[test]
fn the_first_beat_comes_at_once_and_the_next_ones_on_the_grid() {
    let sink = Sink::answering(202);
    let _source = Source::beating_to(&sink).flag("--period=200ms").start();

    let beats = sink.wait_for(6);

    assert_eq!(sequences(&beats), [1, 2, 3, 4, 5, 6]);
    assert_on_grid(&beats);
}

#[test]
fn a_slow_sink_does_not_shift_the_grid() {
    let sink = Sink::answering(Answer::late(202, Duration::from_millis(80)));
    let _source = Source::beating_to(&sink).flag("--period=200ms").start();

    let beats = sink.wait_for(6);

    assert_on_grid(&beats);
}

#[test]
fn ticks_that_fall_due_during_a_beat_become_one() {
    let sink = Sink::script([Answer::late(202, PERIOD * 7 / 2), 202.into()]);
    let _source = Source::beating_to(&sink).flag("--period=200ms").start();

    let beats = sink.wait_for(4);

    // 0 is answered at 3½ periods; the one pending tick is sent then, and the grid goes on at 4 and 5.
    assert_eq!(sequences(&beats), [1, 2, 3, 4]);
    let periods: Vec<_> = beats
        .iter()
        .map(|beat| periods_after(&beats[0], beat))
        .collect();
    for (at, expected) in periods.iter().zip([0.0, 3.5, 4.0, 5.0]) {
        assert!((at - expected).abs() < 0.45, "{periods:?}");
    }
}

#[test]
fn each_beat_has_an_id_of_its_own() {
    let sink = Sink::answering(202);
    Source::beating_to(&sink)
        .flags(["--period=10ms", "--count=5"])
        .run()
        .succeeded();

    let mut ids: Vec<_> = sink.requests().iter().map(Request::id).collect();
    ids.sort();
    ids.dedup();

    assert_eq!(ids.len(), 5);
}

#[test]
fn beats_share_one_connection() {
    let sink = Sink::answering(202);
    Source::beating_to(&sink)
        .flags(["--period=10ms", "--count=5"])
        .run()
        .succeeded();

    let connections: Vec<_> = sink.requests().iter().map(|beat| beat.connection).collect();

    assert_eq!(connections, [1; 5]);
}

#[test]
fn an_event_larger_than_the_platform_takes_at_once_is_sent_whole() {
    let label = "x".repeat(110_000);
    for source in [Source::in_host(), Source::in_wasmtime()] {
        let sink = Sink::answering(202);
        let flag = format!("--label={label}");
        source
            .named()
            .set("K_SINK", sink.url())
            .flags([flag.as_str(), "--count=1"])
            .run()
            .succeeded();

        let body: serde_json::Value = serde_json::from_slice(&sink.requests()[0].body).unwrap();

        assert_eq!(body["label"], label);
    }
}

fn sequences(beats: &[Request]) -> Vec<u64> {
    beats.iter().map(Request::sequence).collect()
}

/// A busy machine makes a beat late, and no machine makes it early: the least late one shows where the grid is.
fn assert_on_grid(beats: &[Request]) {
    let late: Vec<_> = (0..)
        .zip(beats)
        .map(|(n, beat)| periods_after(&beats[0], beat) - f64::from(n))
        .collect();
    let least = late.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(
        late.iter().all(|late| late - least < 0.9),
        "beats are late by these periods: {late:?}"
    );
}

fn periods_after(first: &Request, beat: &Request) -> f64 {
    (beat.at - first.at).as_secs_f64() / PERIOD.as_secs_f64()
}

//! `SIGTERM` and `SIGINT`: the beat in flight finishes, and then it is over.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{Answer, Sink, Source};

const BOTH: [Signal; 2] = [Signal::TERM, Signal::INT];

/// Between two beats there is nothing to finish.
const AT_ONCE: Duration = Duration::from_secs(3);

#[test]
fn an_idle_source_stops_at_once() {
    for signal in BOTH {
        let sink = Sink::answering(202);
        let source = Source::beating_to(&sink).flag("--period=1h").start();
        sink.wait_for(1);
        // The answer is on its way to the source for a moment; then it is idle.
        thread::sleep(Duration::from_millis(100));

        source.signal(signal);

        source.wait_within(AT_ONCE).succeeded();
        assert_eq!(sink.requests().len(), 1);
    }
}

#[test]
fn a_beat_in_flight_finishes_first() {
    for signal in BOTH {
        let delay = Duration::from_millis(600);
        let sink = Sink::answering(Answer::late(202, delay));
        let source = Source::beating_to(&sink).flag("--period=1h").start();
        let sent = sink.wait_for(1)[0].at;

        source.signal(signal);

        source.wait().succeeded();
        assert!(sent.elapsed() >= delay, "it did not wait for the answer");
        assert_eq!(sink.requests().len(), 1, "no further beat");
    }
}

#[test]
fn a_beat_in_its_back_off_is_delivered_first() {
    for signal in BOTH {
        let sink = Sink::script([Answer::with_header(503, "Retry-After", "1"), 202.into()]);
        let source = Source::beating_to(&sink).flag("--period=1h").start();
        sink.wait_for(1);

        source.signal(signal);

        source.wait().succeeded();
        let [first, second] = &sink.requests()[..] else {
            panic!("{:#?}", sink.requests())
        };
        assert_eq!(first.id(), second.id());
    }
}

#[test]
fn a_beat_that_cannot_be_delivered_holds_up_the_end_for_the_grace_period_only() {
    let sink = Sink::answering(Answer::Silence);
    let source = Source::beating_to(&sink)
        .option("--grace-period=300ms")
        .flags(["--period=1h", "--timeout=1h"])
        .start();
    sink.wait_for(1);

    let asked = Instant::now();
    source.signal(Signal::TERM);

    source.wait_within(AT_ONCE).succeeded();
    assert!(
        asked.elapsed() >= Duration::from_millis(300),
        "the grace period was not given"
    );
}

#[test]
fn a_sink_that_is_gone_stops_the_source_with_a_failure() {
    let sink = Sink::answering(410);

    let ended = Source::beating_to(&sink)
        .flag("--period=10ms")
        .run()
        .failed();

    assert_eq!(sink.requests().len(), 1, "{ended:#?}");
}

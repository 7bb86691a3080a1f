//! The loop in a made-up world, where hours pass in no time.

use alloc::borrow::ToOwned;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::config::{Config, Sink, Start};
use crate::delivery::{Answer, Fault};
use crate::event::{Message, Timestamp};

const MS: Duration = Duration::from_millis(1);
const START: Duration = Duration::from_secs(7);

/// A world with a clock of its own and a sink that answers by script.
#[derive(Default)]
struct Fake {
    now: Duration,
    random: u64,
    script: VecDeque<(Duration, Result<Answer, Fault>)>,
    otherwise: Duration,
    posts: Vec<(Duration, Message)>,
    log: Vec<String>,
}

impl World for Fake {
    fn monotonic(&self) -> Duration {
        self.now
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_nanos(1_700_000_000_000_000_000 + self.now.as_nanos() as u64)
    }

    fn sleep_until(&mut self, at: Duration) {
        assert!(at >= self.now, "slept into the past");
        self.now = at;
    }

    fn random(&mut self) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.random
    }

    fn post(&mut self, _: &Sink, message: &Message, timeout: Duration) -> Result<Answer, Fault> {
        self.posts.push((self.now - START, message.clone()));
        let (takes, result) = self
            .script
            .pop_front()
            .unwrap_or_else(|| (self.otherwise, Ok(status(202))));
        self.now += takes.min(timeout);
        if takes > timeout {
            Err(Fault::NoAnswer("no answer in time".to_owned()))
        } else {
            result
        }
    }

    fn log(&mut self, line: &str) {
        self.log.push(line.to_owned());
    }
}

impl Fake {
    fn scripted(script: impl IntoIterator<Item = (Duration, Result<Answer, Fault>)>) -> Fake {
        Fake {
            now: START,
            script: script.into_iter().collect(),
            otherwise: MS,
            ..Fake::default()
        }
    }

    fn run(&mut self, args: &[&str]) -> Ending {
        run(&config(args), self)
    }

    /// When each request was made, in milliseconds since the start.
    fn times(&self) -> Vec<u128> {
        self.posts.iter().map(|(at, _)| at.as_millis()).collect()
    }

    fn header(&self, post: usize, name: &str) -> &str {
        let headers = &self.posts[post].1.headers;
        &headers.iter().find(|(known, _)| known == name).unwrap().1
    }

    fn sequences(&self) -> Vec<u64> {
        let id = |body: &[u8]| {
            serde_json::from_slice::<serde_json::Value>(body).unwrap()["id"]
                .as_u64()
                .unwrap()
        };
        self.posts
            .iter()
            .map(|(_, message)| id(&message.body))
            .collect()
    }
}

fn config(args: &[&str]) -> Config {
    let mut all = vec![
        "--sink=http://u:secret@h/".to_owned(),
        "--eventSource=/s".to_owned(),
        "--period=1".to_owned(),
    ];
    all.extend(args.iter().map(ToString::to_string));
    match Config::read(&all, &|_| None) {
        Ok(Start::Run(config)) => *config,
        _ => panic!("wrong settings: {args:?}"),
    }
}

fn status(status: u16) -> Answer {
    Answer {
        status,
        ..Answer::default()
    }
}

fn refused() -> Result<Answer, Fault> {
    Err(Fault::NoAnswer("connection refused".to_owned()))
}

#[test]
fn the_first_beat_comes_at_once_and_the_rest_on_a_grid() {
    let mut world = Fake::scripted([]);
    assert_eq!(world.run(&["--count=4"]), Ending::Delivered);
    assert_eq!(world.times(), [0, 1000, 2000, 3000]);
    assert_eq!(world.sequences(), [1, 2, 3, 4]);
}

#[test]
fn ten_thousand_beats_do_not_drift() {
    let mut world = Fake {
        otherwise: 300 * MS,
        ..Fake::scripted([])
    };
    world.run(&["--count=10000"]);
    let grid: Vec<u128> = (0..10_000).map(|beat| beat * 1000).collect();
    assert_eq!(world.times(), grid);
}

#[test]
fn a_slow_sink_has_one_tick_pending_and_no_more() {
    let mut world = Fake {
        otherwise: 2500 * MS,
        ..Fake::scripted([])
    };
    world.run(&["--count=5"]);
    assert_eq!(world.times(), [0, 2500, 5000, 7500, 10_000]);
    assert_eq!(world.sequences(), [1, 2, 3, 4, 5]);
}

#[test]
fn after_one_slow_answer_the_grid_is_the_old_one() {
    let fast = || (MS, Ok(status(202)));
    let mut world = Fake::scripted([fast(), (3500 * MS, Ok(status(202)))]);
    world.run(&["--count=5"]);
    assert_eq!(world.times(), [0, 1000, 4500, 5000, 6000]);
}

#[test]
fn a_beat_that_is_due_just_when_the_last_one_ends_comes_once() {
    let mut world = Fake::scripted([(1000 * MS, Ok(status(202)))]);
    world.run(&["--count=3"]);
    assert_eq!(world.times(), [0, 1000, 2000]);
}

#[test]
fn a_retry_sends_the_same_event_and_delivers_it() {
    let mut world = Fake::scripted([
        (MS, refused()),
        (MS, Ok(status(503))),
        (MS, Ok(status(202))),
    ]);
    assert_eq!(world.run(&["--count=1"]), Ending::Delivered);
    assert_eq!(world.posts.len(), 3);
    assert!(
        world
            .posts
            .iter()
            .all(|(_, message)| *message == world.posts[0].1)
    );
    assert!(
        world.times()[1] <= 51 && world.times()[2] <= 51 + 101,
        "{:?}",
        world.times()
    );
    assert!(
        world.log[1].contains("heartbeat sent") && world.log[1].contains("attempts=3"),
        "{:?}",
        world.log
    );
}

#[test]
fn a_sink_that_is_down_and_comes_back_loses_only_what_was_given_up_and_that_is_logged() {
    let down = (0..9).map(|_| (MS, refused()));
    let mut world = Fake::scripted(down);
    assert_eq!(
        world.run(&["--count=5", "--retries=2", "--period=60"]),
        Ending::GivenUp
    );
    assert_eq!(world.sequences(), [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5]);
    assert_eq!(world.times()[9], 180_000);
    let lost: Vec<_> = world
        .log
        .iter()
        .filter(|line| line.contains("given up"))
        .collect();
    assert_eq!(lost.len(), 3);
    for (at, line) in lost.iter().enumerate() {
        let id = world.header(3 * at, "ce-id");
        for part in [
            &format!("id={id}"),
            &format!("sequence={}", at + 1),
            "attempts=3",
            "reason=\"connection refused\"",
        ] {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
}

#[test]
fn retry_after_is_obeyed() {
    let busy = Answer {
        status: 429,
        retry_after: Some("3".to_owned()),
        ..Answer::default()
    };
    let mut world = Fake::scripted([(MS, Ok(busy))]);
    world.run(&["--count=1"]);
    assert_eq!(world.times(), [0, 3001]);
}

#[test]
fn a_sink_that_never_answers_costs_one_timeout_an_attempt() {
    let never = || (Duration::MAX, Ok(status(202)));
    let mut world = Fake::scripted([never(), never()]);
    assert_eq!(
        world.run(&["--count=3", "--retries=0", "--timeout=400ms"]),
        Ending::GivenUp
    );
    assert_eq!(world.times(), [0, 1000, 2000]);
}

#[test]
fn what_the_sink_refuses_is_not_tried_again() {
    for answer in [
        Ok(status(400)),
        Ok(status(302)),
        Err(Fault::Denied("allow it".to_owned())),
    ] {
        let mut world = Fake::scripted([(MS, answer)]);
        assert_eq!(world.run(&["--count=2"]), Ending::GivenUp);
        assert_eq!(world.sequences(), [1, 2]);
    }
}

#[test]
fn a_sink_that_is_gone_stops_the_heart() {
    let mut world = Fake::scripted([(MS, Ok(status(202))), (MS, Ok(status(410)))]);
    assert_eq!(world.run(&[]), Ending::Gone);
    assert_eq!(world.posts.len(), 2);
    assert!(world.log[2].contains("410"), "{:?}", world.log);
}

#[test]
fn every_beat_has_an_id_and_a_time_of_its_own() {
    let mut world = Fake::scripted([]);
    world.run(&["--count=2"]);
    let id = world.header(0, "ce-id").to_owned();
    assert_eq!(
        (id.len(), &id[14..15], id.to_lowercase()),
        (36, "4", id.clone())
    );
    assert_ne!(world.header(1, "ce-id"), id);
    assert_eq!(world.header(0, "ce-time"), "2023-11-14T22:13:27Z");
    assert_eq!(world.header(1, "ce-time"), "2023-11-14T22:13:28Z");
}

#[test]
fn the_log_has_one_line_for_the_start_and_one_a_beat_without_secrets() {
    let answer = Answer {
        status: 400,
        body: "no\nway \u{1b}[31m".repeat(1000),
        ..Answer::default()
    };
    let script = || [(MS, Ok(status(202))), (MS, Ok(answer.clone()))];
    let (mut text, mut json) = (Fake::scripted(script()), Fake::scripted(script()));
    text.run(&["--count=2"]);
    json.run(&["--count=2", "--log-format=json"]);
    assert_eq!(
        text.log[0],
        "2023-11-14T22:13:27.000Z INFO  heart started sink=http://h/ period=1s source=/s type=dev.knative.eventing.samples.heartbeat"
    );
    assert!(
        text.log[1].starts_with("2023-11-14T22:13:27.001Z INFO  heartbeat sent id="),
        "{}",
        text.log[1]
    );
    assert!(
        text.log[1].ends_with("sequence=1 status=202 attempts=1"),
        "{}",
        text.log[1]
    );
    for log in [&text.log, &json.log] {
        assert_eq!(log.len(), 3);
        assert!(log.iter().all(|line| !line.contains("secret")
            && !line.contains(char::is_control)
            && line.len() < 600));
    }
    let line: serde_json::Value = serde_json::from_str(&json.log[2]).unwrap();
    assert_eq!(
        (&line["level"], &line["sequence"], &line["attempts"]),
        (&"error".into(), &2.into(), &1.into())
    );
    assert!(
        line["reason"]
            .as_str()
            .unwrap()
            .starts_with("the sink answered 400: \"no\\nway"),
        "{line}"
    );
}

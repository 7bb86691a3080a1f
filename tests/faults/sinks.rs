//! Sinks that break. Each is whole for two beats, broken for three attempts, and whole again.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;
use serde_json::Value;

use super::table::{self, Table};
use crate::support::{
    Answer, DEADLINE, Greeting, Request, Running, Sink, Source, json_lines, lines_with,
};

const BEATS: usize = 12;
const PERIOD: Duration = Duration::from_millis(20);

#[test]
fn no_beat_is_lost_to_a_sink_that_breaks_without_a_line_that_names_it() {
    let rows = table::at_once(6, &faults(), |fault| {
        let measured = fault.measure();
        fault.check(&measured);
        measured.row(fault)
    });
    Table {
        name: "sinks",
        heads: &[
            "The sink …",
            "attempts read",
            "beats taken",
            "retried",
            "given up",
            "longest disturbance",
            "memory",
            "exit",
            "what the log said",
        ],
        rows,
    }
    .written();
}

struct Fault {
    name: String,
    sink: Sink,
    meddle: fn(&Sink, &Running),
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The source noticed nothing.
    Unnoticed,
    /// All beats were delivered, some of them after a retry.
    Mended,
    /// The beats that met the fault were given up, and no others.
    GivenUp,
    /// The sink said that it is gone for good.
    Gone,
    /// The beat that met the fault was still waiting when the source was told to stop.
    Waiting,
}

fn faults() -> Vec<Fault> {
    let mut faults = vec![
        // First of all, before its date has passed.
        meeting(
            "asks to wait until a date",
            retry_after(&httpdate::fmt_http_date(
                SystemTime::now() + Duration::from_secs(3),
            )),
            Fate::Mended,
        ),
        fault(
            "refuses connections, and then comes up",
            Sink::refusing([202.into()]),
            |sink, _| {
                thread::sleep(Duration::from_millis(300));
                sink.open();
            },
            Fate::Mended,
        ),
        fault(
            "goes away for a while and returns",
            Sink::answering(202),
            |sink, _| {
                sink.wait_for(3);
                sink.close();
                thread::sleep(Duration::from_millis(400));
                sink.open();
            },
            Fate::Mended,
        ),
        fault(
            "flaps",
            Sink::answering(202),
            |sink, _| {
                for round in 1..=5 {
                    sink.wait_for(2 * round);
                    sink.close();
                    thread::sleep(Duration::from_millis(50));
                    sink.open();
                }
            },
            Fate::Mended,
        ),
        greeting("accepts and closes", Greeting::Close),
        greeting("resets before it reads the request", Greeting::Reset),
        greeting("accepts and reads nothing", Greeting::Deaf),
        meeting("closes after the request", Answer::Close, Fate::Mended),
        meeting("resets after the request", Answer::Rst, Fate::Mended),
        meeting("never answers", Answer::Silence, Fate::Mended),
        meeting(
            "answers one byte a second",
            drip("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"),
            Fate::Mended,
        ),
        meeting(
            "answers garbage",
            Answer::raw("\0\u{1}garbage\u{7f}\r\n\r\n"),
            Fate::Mended,
        ),
        meeting(
            "sends headers without end",
            endless(
                "HTTP/1.1 202 Accepted\r\n",
                "X-Filler: more and more of it\r\n",
            ),
            Fate::Mended,
        ),
        meeting(
            "takes the event, and cuts the body of its answer",
            Answer::raw("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf"),
            Fate::Unnoticed,
        ),
        meeting(
            "takes the event, and sends a body without end",
            endless(
                "HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n",
                "4\r\nmore\r\n",
            ),
            Fate::Unnoticed,
        ),
        meeting(
            "fails, and cuts the body of its answer",
            Answer::raw("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nhalf"),
            Fate::Mended,
        ),
        meeting(
            "fails, and sends a body without end",
            endless(
                "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n",
                "4\r\nmore\r\n",
            ),
            Fate::Mended,
        ),
        meeting(
            "sends 103 before its 202",
            Answer::raw(
                "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            ),
            Fate::Unnoticed,
        ),
        meeting(
            "sends 100 and nothing more",
            Answer::raw("HTTP/1.1 100 Continue\r\n\r\n"),
            Fate::Mended,
        ),
        meeting(
            "asks to wait a second (Retry-After: 1)",
            retry_after("1"),
            Fate::Mended,
        ),
        meeting(
            "asks to wait for −5 seconds",
            retry_after("-5"),
            Fate::Mended,
        ),
        fault(
            "asks to wait for 10²⁰ seconds",
            hit(retry_after("99999999999999999999")),
            |sink, source| {
                sink.wait_for(3);
                thread::sleep(Duration::from_millis(300));
                source.signal(Signal::TERM);
            },
            Fate::Waiting,
        ),
    ];
    let by_status = [
        (
            Fate::GivenUp,
            &[101, 300, 304, 400, 401, 403, 405, 413, 422, 451][..],
        ),
        (Fate::Mended, &[404, 408, 409, 429, 500, 502, 503, 504, 599]),
        (Fate::Gone, &[410]),
    ];
    for (fate, statuses) in by_status {
        for status in statuses {
            faults.push(meeting(
                &format!("answers {status}"),
                Answer::status(*status),
                fate,
            ));
        }
    }
    for status in [301, 302, 303, 307, 308] {
        // Where nobody must ask: a request there would stand among those that the sink reads.
        let answer = Answer::with_header(status, "Location", "/elsewhere");
        faults.push(meeting(
            &format!("answers {status} with a Location"),
            answer,
            Fate::GivenUp,
        ));
    }
    faults
}

fn fault(name: impl Into<String>, sink: Sink, meddle: fn(&Sink, &Running), fate: Fate) -> Fault {
    Fault {
        name: name.into(),
        sink,
        meddle,
        fate,
    }
}

/// The third, fourth and fifth request meet this answer.
fn meeting(name: &str, answer: Answer, fate: Fate) -> Fault {
    fault(name, hit(answer), |_, _| {}, fate)
}

fn hit(answer: Answer) -> Sink {
    let hit = [answer.clone(), answer.clone(), answer];
    Sink::script(
        [202.into(), 202.into()]
            .into_iter()
            .chain(hit)
            .chain([202.into()]),
    )
}

/// The second to fourth connection meet this; the second request is the last on the first connection.
fn greeting(name: &str, met: Greeting) -> Fault {
    let greetings = [Greeting::Serve, met, met, met, Greeting::Serve];
    let answers = [202.into(), Answer::last(202), 202.into()];
    fault(
        name,
        Sink::greeting(greetings, answers),
        |_, _| {},
        Fate::Mended,
    )
}

fn drip(data: &str) -> Answer {
    Answer::Drip {
        data: data.into(),
        pause: Duration::from_secs(1),
    }
}

fn endless(head: &str, piece: &str) -> Answer {
    Answer::Endless {
        head: head.into(),
        piece: piece.repeat(100),
    }
}

fn retry_after(value: &str) -> Answer {
    Answer::with_header(503, "Retry-After", value)
}

struct Measured {
    requests: Vec<Request>,
    /// The log's lines about beats: one for each that is settled.
    settled: Vec<Value>,
    exit: Option<i32>,
    /// Kibibytes: once the first beats are out, and at the end.
    memory: (u64, u64),
    stderr: String,
}

impl Fault {
    fn measure(&self) -> Measured {
        let source = Source::beating_to(&self.sink)
            .option("--grace-period=200ms")
            .flags([
                "--count=12",
                "--period=20ms",
                "--timeout=250ms",
                "--log-format=json",
            ])
            .start();
        let (mut before, mut after) = (0, 0);
        thread::scope(|scope| {
            let meddling = scope.spawn(|| (self.meddle)(&self.sink, &source));
            let start = Instant::now();
            loop {
                let beating = source.stderr().matches("heartbeat ").count() >= 2;
                let Some((now, _)) = source.memory() else {
                    break;
                };
                assert!(
                    start.elapsed() < DEADLINE,
                    "{}: {}",
                    self.name,
                    source.stderr()
                );
                if beating && before == 0 {
                    before = now;
                }
                after = now;
                thread::sleep(Duration::from_millis(5));
            }
            meddling.join().unwrap();
        });
        let ended = source.wait();
        let settled = json_lines(&lines_with(&ended.stderr, "heartbeat ").join("\n"))
            .into_iter()
            .filter(|line| {
                line["message"]
                    .as_str()
                    .is_some_and(|m| m.starts_with("heartbeat "))
            })
            .collect();
        Measured {
            requests: self.sink.requests(),
            settled,
            exit: ended.status.code(),
            memory: (before, after),
            stderr: ended.stderr,
        }
    }

    fn check(&self, measured: &Measured) {
        let Measured {
            settled,
            requests,
            exit,
            ..
        } = measured;
        let told = |message: &str| -> BTreeSet<_> {
            settled
                .iter()
                .filter(|line| line["message"] == message)
                .map(|line| line["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let (sent, given_up) = (told("heartbeat sent"), told("heartbeat given up"));
        let what = format!(
            "{}: {:?}\n{}\n{requests:#?}",
            self.name, measured.memory, measured.stderr
        );
        let count = match self.fate {
            Fate::Gone | Fate::Waiting => 3,
            _ => BEATS,
        };
        let waiting = usize::from(self.fate == Fate::Waiting);
        assert_eq!(
            settled.len(),
            count - waiting,
            "a line for each beat: {what}"
        );
        assert_eq!(
            sent.len() + given_up.len(),
            count - waiting,
            "one line a beat: {what}"
        );
        assert_eq!(
            given_up.len(),
            match self.fate {
                Fate::GivenUp => 3,
                Fate::Gone => 1,
                _ => 0,
            },
            "{what}"
        );
        assert_eq!(
            measured.taken(),
            sent,
            "what the log calls sent, the sink took: {what}"
        );
        if self.fate == Fate::Waiting {
            let id = requests.last().map(Request::id).unwrap_or_default();
            assert!(
                measured.stderr.contains("the grace period is over")
                    && measured.stderr.contains(&id),
                "the beat that still waits is named: {what}"
            );
        }
        assert_eq!(measured.retried() > 0, self.fate == Fate::Mended, "{what}");
        assert!(
            requests.iter().all(|request| request.target == "/"),
            "no redirect is followed: {what}"
        );
        let failure = matches!(self.fate, Fate::GivenUp | Fate::Gone);
        assert_eq!(*exit, Some(i32::from(failure)), "{what}");
        let (before, after) = measured.memory;
        assert!(after <= before + (8 << 10), "memory: {what}");
    }
}

impl Measured {
    fn taken(&self) -> BTreeSet<String> {
        self.requests
            .iter()
            .filter(|request| request.taken)
            .map(Request::id)
            .collect()
    }

    fn retried(&self) -> u64 {
        self.settled
            .iter()
            .map(|line| line["attempts"].as_u64().unwrap() - 1)
            .sum()
    }

    /// By how much two beats were further apart in the log than their period.
    fn disturbance(&self) -> Duration {
        let at = |line: &Value| {
            let time = line["timestamp"].as_str().unwrap();
            let (_, clock) = time.trim_end_matches('Z').split_once('T').unwrap();
            let mut seconds = 0.0;
            for part in clock.split(':') {
                seconds = seconds * 60.0 + part.parse::<f64>().unwrap();
            }
            seconds
        };
        let gaps = self
            .settled
            .windows(2)
            .map(|pair| at(&pair[1]) - at(&pair[0]));
        // The start of a day is no disturbance.
        let longest = gaps.fold(0.0, f64::max);
        Duration::from_secs_f64(longest).saturating_sub(PERIOD)
    }

    fn row(&self, fault: &Fault) -> Vec<String> {
        let given_up: Vec<_> = self
            .settled
            .iter()
            .filter(|line| line["message"] == "heartbeat given up")
            .collect();
        let said = match given_up.first() {
            Some(line) => format!("`heartbeat given up … reason={}`", line["reason"]),
            None if fault.fate == Fate::Waiting => {
                "`the grace period is over: the last beat may be undelivered id=…`".to_owned()
            }
            None if self.retried() > 0 => {
                let most = self
                    .settled
                    .iter()
                    .map(|line| line["attempts"].as_u64().unwrap())
                    .max();
                format!("`heartbeat sent … attempts={}`", most.unwrap_or_default())
            }
            None => "`heartbeat sent`".to_owned(),
        };
        let (before, after) = self.memory;
        vec![
            fault.name.clone(),
            self.requests.len().to_string(),
            self.taken().len().to_string(),
            self.retried().to_string(),
            given_up.len().to_string(),
            format!("{} ms", self.disturbance().as_millis()),
            format!(
                "{:.1} → {:.1} MB",
                table::megabytes(before),
                table::megabytes(after)
            ),
            self.exit
                .map_or("signal".to_owned(), |code| code.to_string()),
            said,
        ]
    }
}

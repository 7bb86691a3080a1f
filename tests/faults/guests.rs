//! Guests that attack, each in a host of its own.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::table::{self, Table};
use crate::sandbox::forbidden;
use crate::support::{Answer, DEADLINE, Ended, Sink, Source, guests, lines_with};

#[test]
fn a_guest_that_attacks_is_stopped_and_harms_nobody() {
    let rows = table::at_once(3, &attacks(), Attack::row);
    Table {
        name: "guests",
        heads: &[
            "The guest tries …",
            "requests that the sink read",
            "connections elsewhere",
            "ended",
            "after",
            "exit",
            "most memory of the host",
            "what the log said",
        ],
        rows,
    }
    .written();
}

struct Attack {
    name: &'static str,
    argument: &'static str,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    /// The host stops it, for a reason with this in it.
    Stopped(&'static str),
    /// The guest is refused, and lives to tell this.
    Told(&'static str),
    /// It goes on and keeps nobody else from anything: a signal ends it.
    Signal,
}

fn attacks() -> Vec<Attack> {
    let attack = |name, argument, end| Attack {
        name,
        argument,
        end,
    };
    vec![
        attack("an endless loop", "loop", End::Stopped("limit cpu=")),
        attack(
            "to take memory without end",
            "memory",
            End::Stopped("limit memory="),
        ),
        attack("a recursion without end", "stack", End::Stopped("memory")),
        attack(
            "to hold 10,000 handles",
            "handles",
            End::Stopped("limit handles="),
        ),
        attack(
            "a header of 10 MB",
            "one-header",
            End::Stopped("limit host-call="),
        ),
        attack(
            "10,000 headers of 1 kB",
            "many-headers",
            End::Stopped("limit headers="),
        ),
        attack(
            "a request body without end",
            "endless-body",
            End::Told("wrote "),
        ),
        attack(
            "a request body of a byte every 10 ms",
            "slow-body",
            End::Signal,
        ),
        attack("to flood the log", "log", End::Signal),
        attack(
            "a trap behind its door",
            "trap",
            End::Stopped("unreachable"),
        ),
        attack(
            "every forbidden destination",
            "",
            End::Told("HttpRequestDenied"),
        ),
        attack(
            "files, variables, input, sockets",
            "peek",
            End::Told("preopens: 0"),
        ),
    ]
}

impl Attack {
    fn row(&self) -> Vec<String> {
        let (sink, other) = (Sink::answering(202), Sink::answering(Answer::status(202)));
        let source = Source::beating_to(&sink)
            .env("HOSTS_SECRET", "hidden")
            .option("--grace-period=500ms")
            // The default is 5 s.
            .option("--limit=cpu=500ms");
        let source = match self.argument {
            "" => forbidden(&sink, &other)
                .into_iter()
                .fold(source.component(guests::egress()), Source::flag),
            "peek" => source
                .component(guests::hostile())
                .flags(["peek", &other.authority()]),
            argument => source.component(guests::hostile()).flag(argument),
        };

        let start = Instant::now();
        let running = source.start();
        let mut most = 0;
        let mut asked = None;
        while let Some((_, highest)) = running.memory() {
            most = highest;
            assert!(start.elapsed() < DEADLINE, "{}", self.name);
            if asked.is_none()
                && matches!(self.end, End::Signal)
                && start.elapsed() > Duration::from_millis(300)
            {
                running.signal(Signal::TERM);
                asked = Some(Instant::now());
            }
            thread::sleep(Duration::from_millis(2));
        }
        let took = asked.unwrap_or(start).elapsed();
        let ended = running.wait();

        self.check(&ended, &other);
        assert!(most < 128 << 10, "{}: {most} KiB", self.name);
        assert!(took < Duration::from_secs(5), "{}: {took:?}", self.name);
        vec![
            self.name.to_owned(),
            sink.requests().len().to_string(),
            other.connections().to_string(),
            match self.end {
                End::Stopped(_) => "by the host",
                End::Told(_) => "by itself, refused",
                End::Signal => "by `SIGTERM`",
            }
            .to_owned(),
            format!("{} ms", took.as_millis()),
            ended
                .status
                .code()
                .map_or("signal".to_owned(), |code| code.to_string()),
            format!("{:.0} MB", table::megabytes(most)),
            self.said(&ended),
        ]
    }

    fn check(&self, ended: &Ended, other: &Sink) {
        assert_eq!(other.connections(), 0, "{}", self.name);
        match self.end {
            End::Stopped(reason) => {
                assert_eq!(ended.status.code(), Some(1), "{}: {ended:#?}", self.name);
                let lines = lines_with(&ended.stderr, "was stopped: ");
                assert!(
                    lines.len() == 1 && lines[0].contains(reason),
                    "{}: {ended:#?}",
                    self.name
                );
            }
            End::Told(told) => {
                assert_eq!(ended.status.code(), Some(0), "{}: {ended:#?}", self.name);
                assert!(ended.stdout.contains(told), "{}: {ended:#?}", self.name);
            }
            End::Signal => assert_eq!(ended.status.code(), Some(0), "{}", self.name),
        }
        if self.argument == "peek" {
            for line in ended.stdout.lines() {
                let (what, seen) = line.rsplit_once(": ").unwrap();
                match what {
                    // Since the sandbox was made, which says nothing of the machine.
                    "clock" => assert!(seen.parse::<u64>().unwrap() < 10_000_000_000, "{line}"),
                    "preopens" | "standard input" => assert_eq!(seen, "0", "{line}"),
                    _ => assert_eq!(seen, "false", "{line}"),
                }
            }
        }
    }

    fn said(&self, ended: &Ended) -> String {
        let (text, mark) = match self.end {
            End::Stopped(_) => (&ended.stderr, "was stopped: "),
            End::Told("HttpRequestDenied") => (&ended.stderr, "denied"),
            End::Told(told) => (&ended.stdout, told),
            End::Signal => (&ended.stderr, "asked to stop"),
        };
        let line = lines_with(text, mark).first().map_or("", |line| *line);
        let said = line.find(mark).map_or("", |at| &line[at..]);
        format!("`{}`", said.trim_start_matches("was stopped: "))
    }
}

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;

use super::verdict;
use crate::support::{Answer, Sink, Source};

/// A line of `cases.jsonl`; `README.md` beside it says what the fields mean.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    argv: Vec<String>,
    env: BTreeMap<String, String>,
    sink: Manner,
    pub(crate) rule: String,
    pub(crate) expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) exit: Exit,
    pub(crate) requests: usize,
    pub(crate) target: Option<String>,
    pub(crate) ce: Option<BTreeMap<String, String>>,
    pub(crate) body: Option<Value>,
    pub(crate) authorization: Option<String>,
    #[serde(default)]
    pub(crate) same_id: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Exit {
    Ok,
    Fail,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manner {
    default: Answer,
    #[serde(default)]
    paths: HashMap<String, Answer>,
    /// Where else something listens, which no request may reach.
    #[serde(default)]
    extra_ports: Vec<u16>,
}

/// The port of the recorded sink, in the cases' texts.
const RECORDED_PORT: &str = "18080";

impl Case {
    pub(crate) fn all() -> Vec<Self> {
        let lines = include_str!("cases.jsonl").lines();
        let cases: Vec<_> = lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect();
        assert_eq!(cases.len(), 200, "all recorded cases are there");
        cases
    }

    /// `Err` is a report for people.
    pub(crate) fn run(&self, source: Source) -> Result<(), String> {
        let elsewhere: Vec<_> = self
            .sink
            .extra_ports
            .iter()
            .map(|port| (port, Sink::answering(202)))
            .collect();
        let moved = |text: &str| {
            let moved = |text: String, (port, sink): &(&u16, Sink)| {
                text.replace(&port.to_string(), &sink.port().to_string())
            };
            elsewhere.iter().fold(text.to_owned(), moved)
        };
        let manner = self.sink.clone();
        let paths = manner
            .paths
            .into_iter()
            .map(|(path, answer)| (path, relocated(answer, moved)))
            .collect();
        let sink = Sink::with_paths(relocated(manner.default, moved), paths);
        let to_sink = |text: &str| moved(text).replace(RECORDED_PORT, &sink.port().to_string());

        let source = self.env.iter().fold(source, |source, (name, value)| {
            source.set(name, to_sink(value))
        });
        let source = self
            .argv
            .iter()
            .fold(source.flag("--retries=2"), |source, flag| {
                source.flag(to_sink(flag))
            });
        let ended = source.run();

        let mut faults = verdict::faults(&self.expect, &ended, &sink.requests());
        faults.extend(
            sink.broken()
                .into_iter()
                .map(|what| format!("the sink saw a broken request: {what}")),
        );
        for (port, sink) in &elsewhere {
            if sink.connections() > 0 {
                faults.push(format!("connected to port {port}, which is not the sink's"));
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(self.report(&faults, &ended.output()))
        }
    }

    fn report(&self, faults: &[String], output: &str) -> String {
        let mut report = format!("{} ({})\n  argv {:?}\n", self.name, self.rule, self.argv);
        for fault in faults {
            report += &format!("  - {fault}\n");
        }
        let lines: Vec<_> = output.lines().collect();
        for line in &lines[lines.len().saturating_sub(5)..] {
            report += &format!("  | {line}\n");
        }
        report
    }
}

/// The answer, with the ports in its `Location` as they are in this run.
fn relocated(mut answer: Answer, moved: impl Fn(&str) -> String) -> Answer {
    if let Answer::Respond(respond) = &mut answer {
        respond
            .headers
            .iter_mut()
            .for_each(|(_, value)| *value = moved(value));
    }
    answer
}

//! The settings of a source: the original's flags and variables, and ours, read whole and checked before anything is
//! sent. Everything that is wrong is reported at once.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
mod flags;
mod overrides;
mod problem;
mod sink;
mod usage;

use core::time::Duration;

use crate::event::{Attributes, Extension, Mode};
use crate::go::url::Url;
use crate::go::{duration, parse_bool, unquote::unquote};
use flags::Flags;
pub use problem::{Cause, Problem, Problems};
pub use sink::{Origin, Scheme, Sink, sink, sink_origin};
pub use usage::usage;

/// What a source is started with.
pub enum Start {
    /// `--help` was asked for.
    Help,
    /// The settings, all of them valid.
    Run(Box<Config>),
}

/// The settings of a source, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the events go.
    pub sink: Sink,
    /// What all events of this source have in common.
    pub attributes: Attributes,
    /// The payload's `label`, unquoted.
    pub label: String,
    /// The payload's `msg`; left out where it is empty.
    pub msg: String,
    /// How an event is written into a request.
    pub mode: Mode,
    /// From one beat to the next.
    pub period: Duration,
    /// Beats before the source stops; `None`: it never does.
    pub count: Option<u64>,
    /// Further attempts after the first one.
    pub retries: u32,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// The form of the log.
    pub log: LogFormat,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Looks a variable up; `None` where it is not set.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Reads and checks all settings. `args` is the command line without the program's name.
    ///
    /// # Errors
    /// Everything that is wrong, each with its setting, value and remedy.
    pub fn read(args: &[String], env: Env<'_>) -> Result<Start, Problems> {
        let mut problems = Problems::default();
        let Some(flags) = Flags::read(args, &mut problems) else {
            return Ok(Start::Help);
        };
        match check(&flags, env, &mut problems) {
            Some(config) if problems.is_empty() => Ok(Start::Run(Box::new(config))),
            _ => Err(problems),
        }
    }

    /// The form of the log that these settings ask for, so that even what is wrong with them is reported in it.
    pub fn log_format(args: &[String]) -> LogFormat {
        let mut ignored = Problems::default();
        Flags::read(args, &mut ignored)
            .and_then(|flags| log_format(flags.log_format).ok())
            .unwrap_or_default()
    }
}

/// Checks every setting, also after one is found wrong; `None` only if there are problems.
fn check(flags: &Flags<'_>, env: Env<'_>, problems: &mut Problems) -> Option<Config> {
    let overrides = problems.take(overrides::read(env));
    let source = problems.take(source(flags.event_source, env));
    let event_type = problems.take(event_type(flags.event_type));
    let sink = problems.take(Sink::read(flags.sink, env));
    let label = problems.take(label(flags.label));
    let period = problems.take(positive("--period", flags.period));
    let timeout = problems.take(positive("--timeout", flags.timeout));
    let retries = problems.take(number("--retries", flags.retries));
    let count = problems.take(number("--count", flags.count));
    let one_shot = problems.take(one_shot(env));
    let mode = problems.take(mode(flags.mode));
    let log = problems.take(log_format(flags.log_format));
    let (overrides, mode) = (overrides?, mode?);
    problems.take(overrides::fit(&overrides, mode));
    let count = match count? {
        _ if one_shot? => Some(1),
        0 => None,
        count => Some(count),
    };
    Some(Config {
        sink: sink?,
        attributes: Attributes {
            source: source?,
            event_type: event_type?,
            extensions: extensions(overrides),
        },
        label: label?,
        msg: flags.msg.to_owned(),
        mode,
        period: period?,
        count,
        retries: retries?,
        timeout: timeout?,
        log: log?,
    })
}

/// The original's own extensions, the overrides last: they win.
fn extensions(overrides: Vec<(String, String)>) -> Vec<(String, Extension)> {
    let mut extensions = vec![
        ("the".to_owned(), Extension::Integer(42)),
        ("heart".to_owned(), Extension::Text("yes".to_owned())),
        ("beats".to_owned(), Extension::Boolean(true)),
    ];
    for (name, value) in overrides {
        let value = Extension::Text(value);
        match extensions.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => extensions.push((name, value)),
        }
    }
    extensions
}

fn source(flag: &str, env: Env<'_>) -> Result<String, Problems> {
    let (setting, text) = if flag.is_empty() {
        ("POD_NAMESPACE and POD_NAME", default_source(env)?)
    } else {
        ("--eventSource", flag.to_owned())
    };
    match Url::parse(&text).map(|url| url.to_string()) {
        Ok(source) if source.is_empty() => {
            Err(Problem::new(setting, text, Cause::EmptySource).into())
        }
        Ok(source) => Ok(source),
        Err(fault) => Err(Problem::new(setting, text, Cause::NoUri(fault)).into()),
    }
}

/// The source of the original where `--eventSource` is not given.
fn default_source(env: Env<'_>) -> Result<String, Problems> {
    let mut problems = Problems::default();
    let mut pod = |name| match env(name).filter(|value| !value.is_empty()) {
        Some(value) => value,
        None => {
            problems.push(Problem::unset(name, Cause::NoPod));
            String::new()
        }
    };
    let (name, namespace) = (pod("POD_NAME"), pod("POD_NAMESPACE"));
    if problems.is_empty() {
        Ok(format!(
            "https://knative.dev/eventing-contrib/cmd/heartbeats/#{namespace}/{name}"
        ))
    } else {
        Err(problems)
    }
}

fn event_type(flag: &str) -> Result<String, Problem> {
    match flag.trim() {
        "" => Err(Problem::new("--eventType", flag, Cause::EmptyType)),
        text if text.contains(is_unsendable) => {
            Err(Problem::new("--eventType", flag, Cause::ControlCharacter))
        }
        text => Ok(text.to_owned()),
    }
}

/// The characters that no header can carry, with which the original never delivered. A tab it did deliver.
fn is_unsendable(c: char) -> bool {
    c.is_ascii_control() && c != '\t'
}

fn label(flag: &str) -> Result<String, Problem> {
    if !flag.starts_with('"') {
        return Ok(flag.to_owned());
    }
    unquote(flag).ok_or_else(|| Problem::new("--label", flag, Cause::BadQuotes))
}

fn positive(setting: &'static str, text: &str) -> Result<Duration, Problem> {
    duration::parse_positive(text)
        .map_err(|fault| Problem::new(setting, text, Cause::NoDuration(fault)))
}

fn number<N: core::str::FromStr>(setting: &'static str, text: &str) -> Result<N, Problem> {
    text.parse()
        .map_err(|_| Problem::new(setting, text, Cause::NoNumber))
}

fn one_shot(env: Env<'_>) -> Result<bool, Problem> {
    let Some(text) = env("ONE_SHOT") else {
        return Ok(false);
    };
    parse_bool(&text).ok_or_else(|| Problem::new("ONE_SHOT", text, Cause::NoBoolean))
}

fn mode(flag: &str) -> Result<Mode, Problem> {
    match flag {
        "binary" => Ok(Mode::Binary),
        "structured" => Ok(Mode::Structured),
        _ => Err(Problem::new(
            "--mode",
            flag,
            Cause::NoChoice("binary or structured"),
        )),
    }
}

fn log_format(flag: &str) -> Result<LogFormat, Problem> {
    match flag {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(Problem::new(
            "--log-format",
            flag,
            Cause::NoChoice("text or json"),
        )),
    }
}

#[cfg(test)]
mod tests;

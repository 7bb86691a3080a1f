//! The log: one line for the start, one for each beat, in text for people or JSON for machines.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Beat, Delivery};
use crate::config::{Config, LogFormat, Problems};
use crate::event::Timestamp;
use crate::text::{quote, seconds};

/// The line at the start: what is sent where, how often.
pub fn started(config: &Config, time: Timestamp) -> String {
    let fields = [
        ("sink", Field::Text(&config.sink.shown)),
        ("period", Field::Text(&seconds(config.period))),
        ("source", Field::Text(&config.attributes.source)),
        ("type", Field::Text(&config.attributes.event_type)),
    ];
    Line {
        time,
        level: Level::Info,
        message: "heart started",
        fields: &fields,
    }
    .write(config.log)
}

/// The line for what became of a beat.
pub fn beat(config: &Config, beat: &Beat, delivery: &Delivery, time: Timestamp) -> String {
    let who = [
        ("id", Field::Text(&beat.id)),
        ("sequence", Field::Number(beat.sequence)),
    ];
    let (level, message, what) = match delivery {
        Delivery::Delivered { status, attempts } => (
            Level::Info,
            "heartbeat sent",
            [
                ("status", Field::Number((*status).into())),
                ("attempts", Field::Number((*attempts).into())),
            ],
        ),
        Delivery::GivenUp {
            attempts, reason, ..
        } => (
            Level::Error,
            "heartbeat given up",
            [
                ("attempts", Field::Number((*attempts).into())),
                ("reason", Field::Text(reason)),
            ],
        ),
    };
    Line {
        time,
        level,
        message,
        fields: &[&who[..], &what].concat(),
    }
    .write(config.log)
}

/// A line for each wrong setting.
pub fn problems(problems: &Problems, format: LogFormat, time: Timestamp) -> String {
    let lines = problems.iter().map(|problem| {
        let message = problem.to_string();
        Line {
            time,
            level: Level::Error,
            message: &message,
            fields: &[],
        }
        .write(format)
    });
    lines.collect::<Vec<_>>().join("\n")
}

struct Line<'a> {
    time: Timestamp,
    level: Level,
    message: &'a str,
    fields: &'a [(&'static str, Field<'a>)],
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Info,
    Error,
}

impl Level {
    /// In capitals and of one width.
    fn padded(self) -> &'static str {
        match self {
            Level::Info => "INFO ",
            Level::Error => "ERROR",
        }
    }
}

#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum Field<'a> {
    Text(&'a str),
    Number(u64),
}

impl Line<'_> {
    fn write(&self, format: LogFormat) -> String {
        match format {
            LogFormat::Text => self.to_string(),
            LogFormat::Json => serde_json::to_string(self).unwrap_or_else(|_| self.to_string()),
        }
    }
}

impl core::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{:.3} {} {}",
            self.time,
            self.level.padded(),
            self.message
        )?;
        for (name, field) in self.fields {
            match field {
                Field::Number(number) => write!(f, " {name}={number}")?,
                Field::Text(text)
                    if text
                        .bytes()
                        .all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte)) =>
                {
                    write!(f, " {name}={text}")?;
                }
                Field::Text(text) => write!(f, " {name}={}", quote(text, usize::MAX))?,
            }
        }
        Ok(())
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &format!("{:.3}", self.time))?;
        map.serialize_entry("level", &self.level)?;
        map.serialize_entry("message", self.message)?;
        for (name, field) in self.fields {
            map.serialize_entry(name, field)?;
        }
        map.end()
    }
}

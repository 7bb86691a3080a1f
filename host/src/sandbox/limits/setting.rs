//! Limits as people write them: `memory=32Mi`, `cpu=500ms`, `handles=1000`.

use std::str::FromStr;
use std::time::Duration;

use heartbeats::go::duration::{Fault, parse_positive};

use super::{Limit, Limits};
use crate::quantity;

/// One limit and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    limit: Limit,
    /// A time in nanoseconds.
    value: u64,
}

/// Why a text is no limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// Without `=`.
    #[error("has no value; write NAME=VALUE")]
    NoValue,
    /// No limit has this name.
    #[error("no limit has this name; write one of {}", names())]
    Unknown,
    /// No amount.
    #[error(
        "the value is no amount; write a whole number, with a suffix such as Ki, Mi or Gi if you like"
    )]
    Amount,
    /// No duration.
    #[error("the value {0}")]
    Time(Fault),
}

impl Limits {
    /// Changes one limit.
    pub fn set(&mut self, Setting { limit, value }: Setting) {
        match limit {
            Limit::Memory => self.memory_bytes = size(value),
            Limit::Memories => self.memories = size(value),
            Limit::Tables => self.tables = size(value),
            Limit::TableElements => self.table_elements = size(value),
            Limit::Instances => self.instances = size(value),
            Limit::Handles => self.handles = size(value),
            Limit::HostCall => self.hostcall_bytes = size(value),
            Limit::Headers => self.header_bytes = size(value),
            Limit::Random => self.random_bytes = value,
            Limit::Requests => self.requests = size(value),
            Limit::RequestBody => self.request_bytes = value,
            Limit::AnswerBody => self.answer_bytes = value,
            Limit::Log => self.log_bytes = value,
            Limit::Cpu => self.cpu = Duration::from_nanos(value),
            Limit::Wall => self.wall = Some(Duration::from_nanos(value)),
        }
    }

    /// The value as it would be written.
    pub(super) fn text(&self, limit: Limit) -> String {
        match limit {
            Limit::Memory => quantity::text(self.memory_bytes as u64),
            Limit::Memories => quantity::text(self.memories as u64),
            Limit::Tables => quantity::text(self.tables as u64),
            Limit::TableElements => quantity::text(self.table_elements as u64),
            Limit::Instances => quantity::text(self.instances as u64),
            Limit::Handles => quantity::text(self.handles as u64),
            Limit::HostCall => quantity::text(self.hostcall_bytes as u64),
            Limit::Headers => quantity::text(self.header_bytes as u64),
            Limit::Random => quantity::text(self.random_bytes),
            Limit::Requests => quantity::text(self.requests as u64),
            Limit::RequestBody => quantity::text(self.request_bytes),
            Limit::AnswerBody => quantity::text(self.answer_bytes),
            Limit::Log => quantity::text(self.log_bytes),
            Limit::Cpu => format!("{:?}", self.cpu),
            Limit::Wall => self
                .wall
                .map_or_else(|| "none".to_owned(), |wall| format!("{wall:?}")),
        }
    }
}

impl FromStr for Setting {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or(SettingError::NoValue)?;
        let limit = Limit::ALL
            .into_iter()
            .find(|limit| limit.name() == name)
            .ok_or(SettingError::Unknown)?;
        let value = match limit {
            Limit::Cpu | Limit::Wall => parse_positive(value)
                .map_err(SettingError::Time)
                .map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))?,
            _ => quantity::parse(value).ok_or(SettingError::Amount)?,
        };
        Ok(Self { limit, value })
    }
}

fn size(amount: u64) -> usize {
    usize::try_from(amount).unwrap_or(usize::MAX)
}

fn names() -> String {
    Limit::ALL.map(Limit::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_can_be_set_by_its_name_and_is_shown_as_it_was_written() {
        for limit in Limit::ALL {
            let value = match limit {
                Limit::Cpu | Limit::Wall => "1.5s",
                _ => "3Ki",
            };
            let mut limits = Limits::default();
            assert_ne!(limits.text(limit), value);
            limits.set(format!("{}={value}", limit.name()).parse().unwrap());
            assert_eq!(limits.text(limit), value, "{limit:?}");
        }
    }

    #[test]
    fn a_wrong_limit_is_refused_with_the_remedy() {
        for (text, remedy) in [
            ("memory", "write NAME=VALUE"),
            ("ram=1", "write one of memory, "),
            ("memory=lots", "Ki, Mi or Gi"),
            ("cpu=lots", "500ms"),
        ] {
            let error = text.parse::<Setting>().unwrap_err().to_string();
            assert!(error.contains(remedy), "{error}");
        }
    }
}

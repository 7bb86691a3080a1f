//! Limits as people write them: `memory=32Mi`, `cpu=500ms`, `handles=1000`.

use std::str::FromStr;
use std::time::Duration;

use heartbeats::go::duration::{Fault, parse_positive};

use super::{Limit, Limits};

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
        "the value is no amount; write a whole number, with Ki, Mi or Gi behind it if you like"
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
            Limit::Memory => amount_text(self.memory_bytes as u64),
            Limit::Memories => amount_text(self.memories as u64),
            Limit::Tables => amount_text(self.tables as u64),
            Limit::TableElements => amount_text(self.table_elements as u64),
            Limit::Instances => amount_text(self.instances as u64),
            Limit::Handles => amount_text(self.handles as u64),
            Limit::HostCall => amount_text(self.hostcall_bytes as u64),
            Limit::Headers => amount_text(self.header_bytes as u64),
            Limit::Random => amount_text(self.random_bytes),
            Limit::Requests => amount_text(self.requests as u64),
            Limit::RequestBody => amount_text(self.request_bytes),
            Limit::AnswerBody => amount_text(self.answer_bytes),
            Limit::Log => amount_text(self.log_bytes),
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
            _ => amount(value).ok_or(SettingError::Amount)?,
        };
        Ok(Self { limit, value })
    }
}

fn amount(text: &str) -> Option<u64> {
    let (digits, shift) = UNITS
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    // A sign is no digit.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

fn amount_text(amount: u64) -> String {
    let fits = |(_, shift): &&(&str, u32)| amount > 0 && amount.is_multiple_of(1 << *shift);
    let (unit, shift) = UNITS.iter().find(fits).unwrap_or(&("", 0));
    format!("{}{unit}", amount >> shift)
}

/// The largest first; the last one always fits.
const UNITS: [(&str, u32); 4] = [("Gi", 30), ("Mi", 20), ("Ki", 10), ("", 0)];

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
    fn an_amount_may_have_a_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("1000", 1000),
            ("64Ki", 64 << 10),
            ("2Gi", 2 << 30),
        ] {
            assert_eq!(amount(text), Some(bytes));
            assert_eq!(amount_text(bytes), text);
        }
        for text in [
            "",
            "Ki",
            "1k",
            "1M",
            "-1",
            "+1",
            "1.5Mi",
            " 1",
            "99999999999Gi",
        ] {
            assert_eq!(amount(text), None, "{text}");
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

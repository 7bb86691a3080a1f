//! What can be wrong with the settings.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::{Display, Formatter, Result};

use super::sink::redact;
use crate::go::{duration, url};
use crate::text::{one_line, quote};

/// One wrong setting. Its text names the setting, the value and the remedy, and never a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A flag (`--period`), a variable (`K_SINK`), or a part of one.
    pub setting: String,
    /// What it was set to; `None` where that is not the point, or must not be shown.
    pub value: Option<String>,
    /// What is wrong with it.
    pub cause: Cause,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No flag has this name; the one that was perhaps meant.
    UnknownFlag(Option<&'static str>),
    /// The last flag has no value.
    NoValue,
    /// `---x`, `--=x`.
    MalformedFlag,
    /// A word that is no flag.
    Word,
    /// No positive duration.
    NoDuration(duration::Fault),
    /// No whole number, or one that is too large.
    NoNumber,
    /// Not one of Go's booleans.
    NoBoolean,
    /// None of these.
    NoChoice(&'static str),
    /// A quoted label that Go's `Unquote` refuses.
    BadQuotes,
    /// A character that no header can carry.
    ControlCharacter,
    /// An event type of nothing but space.
    EmptyType,
    /// A source that is empty once parsed.
    EmptySource,
    /// No URI reference.
    NoUri(url::Fault),
    /// A variable that the default source needs.
    NoPod,
    /// Neither `K_SINK` nor `--sink`.
    NoSink,
    /// A sink that is no URL.
    BadSink(url::Fault),
    /// A sink whose scheme is not `http` or `https`.
    SinkScheme,
    /// A sink without a host.
    NoSinkHost,
    /// A sink's host that can not be asked for: what is wrong with it.
    BadSinkHost(&'static str),
    /// A sink's port that is not within 1–65535.
    SinkPort,
    /// `K_CE_OVERRIDES` is not JSON of the form that Knative gives; where and why.
    BadOverrides(String),
    /// An extension whose value is not a string but this.
    NoString(&'static str),
    /// An extension name that CloudEvents does not allow.
    ExtensionName,
    /// An extension with the name of an attribute.
    ReservedName,
    /// Two extensions whose names differ only in case.
    SameName,
    /// An extension that structured mode has no room for.
    DataInStructuredMode,
}

impl Problem {
    /// A setting with a wrong value. User information in a URL is left out, a long value is cut.
    pub(super) fn new(setting: impl Into<String>, value: impl AsRef<str>, cause: Cause) -> Self {
        Problem {
            setting: setting.into(),
            value: Some(redact(value.as_ref())),
            cause,
        }
    }

    /// A setting whose value is missing or is not shown.
    pub(super) fn unset(setting: impl Into<String>, cause: Cause) -> Self {
        Problem {
            setting: setting.into(),
            value: None,
            cause,
        }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        // An unknown flag's name is foreign text too.
        f.write_str(&one_line(&self.setting, MAX_VALUE))?;
        match &self.value {
            Some(value) => write!(f, ": {} {}", quote(value, MAX_VALUE), self.cause),
            None => write!(f, ": {}", self.cause),
        }
    }
}

/// How many characters of a value an error shows.
const MAX_VALUE: usize = 200;

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Cause::UnknownFlag(Some(near)) => return write!(f, "no such flag; did you mean --{near}?"),
            Cause::UnknownFlag(None) => "no such flag; --help lists them all",
            Cause::NoValue => "needs a value: write it behind the flag",
            Cause::MalformedFlag => "is no flag; write --name=value",
            Cause::Word => "is no flag; flags start with --, and a value with spaces needs quotes",
            Cause::NoDuration(fault) => return fault.fmt(f),
            Cause::NoNumber => "is no whole number from 0 up, or is too large",
            Cause::NoBoolean => "is not true or false; write true or false, or unset it",
            Cause::NoChoice(choices) => return write!(f, "is not known; write {choices}"),
            Cause::BadQuotes => {
                "starts with a double quote but is no Go string literal; mend its quotes or escapes, or leave out the \
                 first quote"
            }
            Cause::ControlCharacter => "has a control character, which no header can carry; remove it",
            Cause::EmptyType => "is empty; leave the flag out for the default, or name a type",
            Cause::EmptySource => "makes an empty source; name a URI reference like /my/source",
            Cause::NoUri(fault) => {
                return write!(f, "is no URI reference: {fault}; percent-encode what is not part of its syntax");
            }
            Cause::NoPod => {
                "is not set, and without --eventSource the source is made of it; set it (the downward API has it) or \
                 give --eventSource"
            }
            Cause::NoSink => "is not set; set it to the sink's URL (Knative does), or give --sink",
            Cause::BadSink(fault) => return write!(f, "is no URL: {fault}; write http://HOST/PATH"),
            Cause::SinkScheme => "has no scheme that can be used; write http://… or https://…",
            Cause::NoSinkHost => "has no host; write http://HOST/PATH",
            Cause::BadSinkHost(why) => return write!(f, "has a host that can not be asked for: {why}"),
            Cause::SinkPort => "has a port outside 1 to 65535",
            Cause::BadOverrides(why) => {
                return write!(f, "{why}; the form is {{\"extensions\":{{\"name\":\"value\"}}}}");
            }
            Cause::NoString(kind) => return write!(f, "is {kind}; write a string"),
            Cause::ExtensionName => "is no extension name; use only letters a to z and digits",
            Cause::ReservedName => "is an attribute of CloudEvents, which no extension may replace; take another name",
            Cause::SameName => "stands there twice with other capitals; names are the same in lower case: keep one",
            Cause::DataInStructuredMode => "can not be told from the data in structured mode; rename it, or leave --mode",
        })
    }
}

/// All that is wrong, in the order in which it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Whether all is well.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each problem.
    pub fn iter(&self) -> core::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    pub(super) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// The value, or `None` with its problems kept.
    pub(super) fn take<T, E: Into<Problems>>(
        &mut self,
        result: core::result::Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|problems| self.0.extend(problems.into().0))
            .ok()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem])
    }
}

/// One a line.
impl Display for Problems {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (at, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl core::error::Error for Problems {}

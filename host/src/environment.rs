//! The variables that a source sees: the contract's and those that the operator names, nothing else of the process's.

use std::ffi::OsString;
use std::str::FromStr;

/// What a ContainerSource or SinkBinding, the Pod's author, or the heartbeats sample itself sets.
const CONTRACT: [&str; 5] = [
    "K_SINK",
    "K_CE_OVERRIDES",
    "POD_NAME",
    "POD_NAMESPACE",
    "ONE_SHOT",
];

/// A value of `--env`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// `K=V`.
    Set(String, String),
    /// `K`: the value that the process has.
    Taken(String),
}

/// Why a source's variables cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// An `--env` without a name.
    #[error("names no variable; write NAME=VALUE, or NAME to pass on the host's own value")]
    Nameless,
    /// An `--env K` that the process does not have.
    #[error("--env {0}: the host has no such variable; set it, or write --env {0}=VALUE")]
    Missing(String),
    /// A guest's variables are Unicode.
    #[error("the value of {0} is not UTF-8; set another one")]
    NotUnicode(String),
}

/// The whole environment of a source, from the `host`'s and what is `named`; of two values for one name the later wins.
pub fn environment(
    host: &dyn Fn(&str) -> Option<OsString>,
    named: &[Named],
) -> Result<Vec<(String, String)>, EnvironmentError> {
    let own = |name: &str| match host(name).map(OsString::into_string) {
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(_)) => Err(EnvironmentError::NotUnicode(name.to_owned())),
        None => Ok(None),
    };
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut set =
        |name: &str, value: String| match variables.iter_mut().find(|(known, _)| known == name) {
            Some(variable) => variable.1 = value,
            None => variables.push((name.to_owned(), value)),
        };
    for name in CONTRACT {
        // A variable that --env replaces does not have to be readable.
        let replaced = named
            .iter()
            .any(|named| matches!(named, Named::Set(set, _) if set == name));
        if !replaced && let Some(value) = own(name)? {
            set(name, value);
        }
    }
    for named in named {
        match named {
            Named::Set(name, value) => set(name, value.clone()),
            Named::Taken(name) => {
                set(
                    name,
                    own(name)?.ok_or_else(|| EnvironmentError::Missing(name.clone()))?,
                );
            }
        }
    }
    Ok(variables)
}

impl FromStr for Named {
    type Err = EnvironmentError;

    fn from_str(argument: &str) -> Result<Self, Self::Err> {
        match argument.split_once('=') {
            Some(("", _)) => Err(EnvironmentError::Nameless),
            Some((name, value)) => Ok(Self::Set(name.to_owned(), value.to_owned())),
            None if argument.is_empty() => Err(EnvironmentError::Nameless),
            None => Ok(Self::Taken(argument.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(
        host: &[(&str, &str)],
        named: &[&str],
    ) -> Result<Vec<(String, String)>, EnvironmentError> {
        let named: Vec<Named> = named.iter().map(|named| named.parse().unwrap()).collect();
        let host = |name: &str| {
            host.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.into())
        };
        environment(&host, &named)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_the_contract_and_what_is_named_gets_in() {
        let host = [
            ("K_SINK", "http://s"),
            ("K_CE_OVERRIDES", ""),
            ("AWS_SECRET", "x"),
            ("TZ", "UTC"),
            ("PATH", "/"),
        ];
        assert_eq!(
            made(&host, &["TZ", "A=b=c", "E="]).unwrap(),
            pairs(&[
                ("K_SINK", "http://s"),
                ("K_CE_OVERRIDES", ""),
                ("TZ", "UTC"),
                ("A", "b=c"),
                ("E", "")
            ])
        );
    }

    #[test]
    fn the_later_value_wins() {
        assert_eq!(
            made(&[("POD_NAME", "a")], &["POD_NAME=b", "X=1", "X=2"]).unwrap(),
            pairs(&[("POD_NAME", "b"), ("X", "2")])
        );
    }

    #[test]
    fn a_named_variable_must_exist() {
        assert_eq!(
            made(&[], &["TZ"]),
            Err(EnvironmentError::Missing("TZ".into()))
        );
        assert_eq!("=x".parse::<Named>(), Err(EnvironmentError::Nameless));
        assert_eq!("".parse::<Named>(), Err(EnvironmentError::Nameless));
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_text_is_refused_unless_replaced() {
        use std::os::unix::ffi::OsStringExt;
        let host = |name: &str| (name == "POD_NAME").then(|| OsString::from_vec(vec![0xff]));
        assert_eq!(
            environment(&host, &[]),
            Err(EnvironmentError::NotUnicode("POD_NAME".into()))
        );
        let replaced = [Named::Set("POD_NAME".into(), "p".into())];
        assert_eq!(
            environment(&host, &replaced),
            Ok(pairs(&[("POD_NAME", "p")]))
        );
    }
}

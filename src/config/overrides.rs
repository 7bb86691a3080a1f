//! `K_CE_OVERRIDES`: extensions that Knative adds to every event.
//!
//! Read as Go's `encoding/json` read it for the original: `extensions` in any case, repeated objects merge, a later
//! `null` clears, the last of repeated names wins, a `null` value is an empty string, other keys are ignored.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
mod json;

use super::{Cause, Env, Problem, Problems};
use crate::event::{ATTRIBUTES, Mode};
use json::Value;

const SETTING: &str = "K_CE_OVERRIDES";

/// The names, in lower case, and values of the overrides, in the order in which they are written.
pub(super) fn read(env: Env<'_>) -> Result<Vec<(String, String)>, Problems> {
    let written = match env(SETTING) {
        Some(text) if !text.is_empty() => {
            json::parse(&text).map_err(|why| Problem::unset(SETTING, Cause::BadOverrides(why)))?
        }
        _ => Vec::new(),
    };
    let mut problems = Problems::default();
    let mut overrides: Vec<(String, String)> = Vec::with_capacity(written.len());
    for (name, value) in written {
        let lower = name.to_ascii_lowercase();
        let value = match value {
            Value::Text(text) => text,
            Value::Null => String::new(),
            Value::Object(_) => {
                problems.push(problem(&name, Cause::NoString("an object")));
                continue;
            }
            Value::Other(kind) => {
                problems.push(problem(&name, Cause::NoString(kind)));
                continue;
            }
        };
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            problems.push(problem(&name, Cause::ExtensionName));
        } else if ATTRIBUTES.contains(&lower.as_str()) {
            problems.push(problem(&name, Cause::ReservedName));
        } else if overrides.iter().any(|(known, _)| *known == lower) {
            problems.push(problem(&name, Cause::SameName));
        } else if value.contains(super::is_unsendable) {
            problems.push(problem(&name, Cause::ControlCharacter));
        } else {
            overrides.push((lower, value));
        }
    }
    if problems.is_empty() {
        Ok(overrides)
    } else {
        Err(problems)
    }
}

/// Whether these overrides can be written in this mode: in structured mode `data` is the payload's own name.
pub(super) fn fit(overrides: &[(String, String)], mode: Mode) -> Result<(), Problem> {
    let taken = |name: &str| matches!(name, "data");
    match overrides
        .iter()
        .find(|(name, _)| mode == Mode::Structured && taken(name))
    {
        Some((name, _)) => Err(problem(name, Cause::DataInStructuredMode)),
        None => Ok(()),
    }
}

/// The value may be a secret: only the name is shown.
fn problem(name: &str, cause: Cause) -> Problem {
    Problem::new(format!("{SETTING} extensions"), name, cause)
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;

    fn overrides(text: &str) -> Result<Vec<(String, String)>, Vec<Cause>> {
        read(&|name| (name == SETTING).then(|| text.to_owned())).map_err(|problems| {
            problems
                .iter()
                .map(|problem| problem.cause.clone())
                .collect()
        })
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect()
    }

    #[test]
    fn overrides_are_read_as_the_original_read_them() {
        for (text, expected) in [
            ("", vec![]),
            ("null", vec![]),
            ("{}", vec![]),
            (r#"{"extensions":null}"#, vec![]),
            (r#"{"extensions":{}}"#, vec![]),
            (
                r#"{"other":{"a":[1,{"b":null}]},"extensions":{"a":"b"}}"#,
                vec![("a", "b")],
            ),
            (r#"{"EXTENSIONS":{"a":"b"}}"#, vec![("a", "b")]),
            ("{\"exten\u{17f}ions\":{\"a\":\"b\"}}", vec![("a", "b")]),
            (
                r#"{"extensions":{"a":"1","b":"2"},"Extensions":{"b":"3","c":"4"}}"#,
                vec![("a", "1"), ("b", "3"), ("c", "4")],
            ),
            (r#"{"extensions":{"a":"1"},"extensions":null}"#, vec![]),
            (
                r#"{"extensions":{"a":"1"},"extensions":null,"extensions":{"b":"2"}}"#,
                vec![("b", "2")],
            ),
            (r#"{"extensions":{"a":"1","a":"2"}}"#, vec![("a", "2")]),
            (r#"{"extensions":{"a":null}}"#, vec![("a", "")]),
            (
                r#"{"extensions":{"ABC":"x","9lives":"y"}}"#,
                vec![("abc", "x"), ("9lives", "y")],
            ),
            (
                r#"{"extensions":{"a":"\ud83d\udc93\u00e9\t"}}"#,
                vec![("a", "💓é\t")],
            ),
            (
                r#"{"extensions":{"a":"\ud83d x\udc93\ud83d"}}"#,
                vec![("a", "\u{fffd} x\u{fffd}\u{fffd}")],
            ),
            (r#"{"extensions":{"a":"\\ud83d"}}"#, vec![("a", "\\ud83d")]),
            (
                " \n{\"extensions\":{\"data\":\"b\"}}\t ",
                vec![("data", "b")],
            ),
        ] {
            assert_eq!(overrides(text), Ok(pairs(&expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_overrides_document_is_refused_without_being_shown() {
        for text in [
            " ",
            "not json",
            "{",
            "{}{}",
            "{},",
            "true",
            "1",
            "\"secret\"",
            "[]",
            "{'extensions':{}}",
            "{extensions:{}}",
            "{/*c*/}",
            r#"{"extensions":["secret"]}"#,
            r#"{"extensions":"secret"}"#,
            r#"{"extensions":NaN}"#,
            r#"{"extensions":{"a":"\q"}}"#,
            r#"{"extensions":{"a":"secret}}"#,
            "\u{feff}{}",
            r#"{"a":1 "b":2}"#,
        ] {
            let problems = read(&|_| Some(text.to_owned())).unwrap_err();
            assert_eq!(problems.iter().count(), 1, "{text}");
            let problem = problems.to_string();
            assert!(
                problem.starts_with("K_CE_OVERRIDES: ") && !problem.contains("secret"),
                "{text}: {problem}"
            );
        }
    }

    #[test]
    fn nesting_ends_where_it_ends_in_go() {
        let nested = |depth: usize| {
            format!(
                "{{\"x\":{}{}}}",
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        assert_eq!(overrides(&nested(10_000)), Ok(vec![]));
        assert!(overrides(&nested(10_001)).is_err());
        assert_eq!(
            overrides(&format!("{{\"x\":\"{}\"}}", "[".repeat(10_001))),
            Ok(vec![])
        );
    }

    #[test]
    fn every_extension_that_can_not_be_sent_is_reported() {
        for (text, causes) in [
            (
                r#"{"extensions":{"a":1}}"#,
                vec![Cause::NoString("a number")],
            ),
            (
                r#"{"extensions":{"a":true,"b":[1],"c":{"d":"e"},"f":"x"}}"#,
                vec![
                    Cause::NoString("a boolean"),
                    Cause::NoString("an array"),
                    Cause::NoString("an object"),
                ],
            ),
            (
                r#"{"extensions":{"a-b":"x","c_d":"y","":"z","é":"w"}}"#,
                vec![Cause::ExtensionName; 4],
            ),
            (
                r#"{"extensions":{"id":"x","Source":"x","SPECVERSION":"x","dataschema":"x"}}"#,
                vec![Cause::ReservedName; 4],
            ),
            (
                r#"{"extensions":{"the":"x","THE":"y"}}"#,
                vec![Cause::SameName],
            ),
            (
                r#"{"extensions":{"a":"x\ny","b":"\u0001","c":"\u007f"}}"#,
                vec![Cause::ControlCharacter; 3],
            ),
        ] {
            assert_eq!(overrides(text), Err(causes), "{text}");
        }
    }

    #[test]
    fn structured_mode_has_no_room_for_an_extension_named_data() {
        let data = pairs(&[("data", "x")]);
        assert_eq!(fit(&data, Mode::Binary), Ok(()));
        assert_eq!(
            fit(&data, Mode::Structured).unwrap_err().cause,
            Cause::DataInStructuredMode
        );
    }
}

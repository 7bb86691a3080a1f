//! Reads a document field by field, and reports what does not fit.

use heartbeats::text::quote;
use saphyr::{MarkedYaml, ScalarStyle, YamlData};

use super::problem::Report;

/// How much of a wrong value is shown.
const SHOWN: usize = 60;

/// A value in a document, and where it stands.
#[derive(Clone)]
pub(super) struct Node<'a> {
    yaml: &'a MarkedYaml<'a>,
    line: usize,
    field: String,
    report: &'a Report,
}

/// The fields of an object. Those that nobody took are reported at its [end](Self::end).
pub(super) struct Fields<'a> {
    node: Node<'a>,
    entries: Vec<(&'a str, Node<'a>)>,
    known: Vec<&'static str>,
}

impl<'a> Node<'a> {
    pub(super) fn root(yaml: &'a MarkedYaml<'a>, report: &'a Report) -> Self {
        Self {
            yaml,
            line: yaml.span.start.line(),
            field: String::new(),
            report,
        }
    }

    /// The line in the file.
    pub(super) fn line(&self) -> usize {
        self.report.line(self.line)
    }

    /// Reports what is wrong, without the value.
    pub(super) fn wrong(&self, text: impl Into<String>) {
        self.report.add(self.line, &self.field, text);
    }

    /// Reports a value of the wrong form; `remedy` follows "is no …; write …".
    pub(super) fn refused(&self, value: &str, remedy: &str) {
        self.wrong(format!("{} {remedy}", quote(value, SHOWN)));
    }

    /// `None` for `null`, which Kubernetes takes for a field that is not there.
    fn present(self) -> Option<Self> {
        match plain(&self.yaml.data) {
            Some(text) if is_null(text) => None,
            _ => Some(self),
        }
    }

    /// A string. A number, a truth value or `null` without quotes is none, for Kubernetes as for us.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.string(|text| self.refused(text, "is no string; put it in quotes"))
    }

    /// A string that may be a secret.
    pub(super) fn secret(&self) -> Option<&'a str> {
        self.string(|_| self.wrong("is no string; put it in quotes"))
    }

    fn string(&self, refuse: impl FnOnce(&str)) -> Option<&'a str> {
        let YamlData::Representation(text, ..) = &self.yaml.data else {
            self.wrong("is no string; write one");
            return None;
        };
        let text: &'a str = text;
        if plain(&self.yaml.data).is_some_and(is_no_string) {
            refuse(text);
            return None;
        }
        Some(text)
    }

    /// A string with a meaning; `remedy` follows its value.
    pub(super) fn parsed<T>(
        &self,
        parse: impl FnOnce(&str) -> Option<T>,
        remedy: &str,
    ) -> Option<T> {
        let text = self.text()?;
        let parsed = parse(text);
        if parsed.is_none() {
            self.refused(text, remedy);
        }
        parsed
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match plain(&self.yaml.data) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.wrong("is neither true nor false; write one of them, without quotes");
                None
            }
        }
    }

    pub(super) fn number(&self) -> Option<u32> {
        let number = plain(&self.yaml.data).and_then(|text| text.parse().ok());
        if number.is_none() {
            self.wrong(format!(
                "is no whole number from 0 to {}; write one, without quotes",
                u32::MAX
            ));
        }
        number
    }

    pub(super) fn list(&self) -> Option<Vec<Node<'a>>> {
        let YamlData::Sequence(items) = &self.yaml.data else {
            self.wrong("is no list; write one, with an item a line after \"- \"");
            return None;
        };
        Some(
            items
                .iter()
                .enumerate()
                .map(|(index, yaml)| Node {
                    yaml,
                    line: yaml.span.start.line(),
                    field: format!("{}[{index}]", self.field),
                    report: self.report,
                })
                .collect(),
        )
    }

    /// Names and values of an object with names of the user's own.
    pub(super) fn entries(&self) -> Option<Vec<(&'a str, Node<'a>)>> {
        let YamlData::Mapping(mapping) = &self.yaml.data else {
            self.wrong("is no object; write fields, each with its value after \": \"");
            return None;
        };
        let mut entries = Vec::with_capacity(mapping.len());
        for (key, yaml) in mapping {
            let YamlData::Representation(name, ..) = &key.data else {
                self.report.add(
                    key.span.start.line(),
                    &self.field,
                    "has a key that is no string",
                );
                continue;
            };
            let name: &'a str = name;
            let field = if self.field.is_empty() {
                name.to_owned()
            } else {
                format!("{}.{name}", self.field)
            };
            let node = Node {
                yaml,
                line: key.span.start.line(),
                field,
                report: self.report,
            };
            entries.push((name, node));
        }
        Some(entries)
    }

    pub(super) fn fields(self) -> Option<Fields<'a>> {
        let entries = self.entries()?;
        Some(Fields {
            node: self,
            entries,
            known: Vec::new(),
        })
    }
}

impl<'a> Fields<'a> {
    /// The field of that name, if it is there.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Node<'a>> {
        self.known.push(name);
        let at = self.entries.iter().position(|(known, _)| *known == name)?;
        self.entries.swap_remove(at).1.present()
    }

    /// The field of that name; it is reported where it is missing.
    pub(super) fn required(&mut self, name: &'static str, remedy: &str) -> Option<Node<'a>> {
        let node = self.take(name);
        if node.is_none() {
            let field = &self.node.field;
            let dot = if field.is_empty() { "" } else { "." };
            self.node.report.add(
                self.node.line,
                &format!("{field}{dot}{name}"),
                format!("is missing; {remedy}"),
            );
        }
        node
    }

    /// Reports the fields that nobody took.
    pub(super) fn end(self) {
        for (name, node) in &self.entries {
            node.wrong(match similar(name, &self.known) {
                Some(known) => format!("is no field; did you mean {known}?"),
                None => format!("is no field; there are {}", self.known.join(", ")),
            });
        }
    }
}

/// The text of a scalar without quotes and tag.
fn plain<'a>(data: &'a YamlData<'a, MarkedYaml<'a>>) -> Option<&'a str> {
    match data {
        YamlData::Representation(text, ScalarStyle::Plain, None) => Some(text),
        _ => None,
    }
}

/// By the core schema of YAML 1.2, section 10.3.2.
fn is_no_string(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    is_null(text)
        || matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
        || matches!(unsigned, ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN")
        || text
            .strip_prefix("0x")
            .is_some_and(|digits| is_in_base(digits, 16))
        || text
            .strip_prefix("0o")
            .is_some_and(|digits| is_in_base(digits, 8))
        || text.parse::<f64>().is_ok()
            && !text.contains(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E')
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn is_in_base(digits: &str, base: u32) -> bool {
    !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base))
}

/// A name that differs in case only, or in at most two letters at its end.
fn similar(name: &str, known: &[&'static str]) -> Option<&'static str> {
    known.iter().copied().find(|known| {
        let common = known
            .bytes()
            .zip(name.bytes())
            .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
            .count();
        common > 2 && known.len().max(name.len()) - common <= 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_truth_values_and_null_are_no_strings() {
        for text in [
            "5", "-1", "1.5", "1e3", ".5", "true", "False", "", "~", "null", "0x1F", "0o17",
            "-.inf", ".NaN",
        ] {
            assert!(is_no_string(text), "{text}");
        }
        for text in [
            "5s", "nan", "inf", "yes", "1.2.3", "x", "0x", "0xZ", "0o8", "-.nan", "nil",
        ] {
            assert!(!is_no_string(text), "{text}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        let known = ["sink", "schedule", "suspend"];
        assert_eq!(similar("schedul", &known), Some("schedule"));
        assert_eq!(similar("Schedule", &known), Some("schedule"));
        assert_eq!(similar("sinks", &known), Some("sink"));
        assert_eq!(similar("period", &known), None);
    }
}

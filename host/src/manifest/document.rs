//! Files of many documents.

use saphyr::{MarkedYaml, ScanError, YamlLoader};
use saphyr_parser::{Event, Parser};

use super::fields::Node;
use super::problem::{Problem, Report};
use super::source::Source;

/// Levels of a document; a source has seven.
const DEEPEST: usize = 64;

/// Reads the documents of a file, YAML or JSON, in their order: each a source, or everything that is wrong with it.
pub fn documents(text: &str) -> impl Iterator<Item = Result<Source, Vec<Problem>>> {
    Chunks { text, line: 0 }.filter_map(|(text, before)| read(text, before))
}

fn read(text: &str, before: usize) -> Option<Result<Source, Vec<Problem>>> {
    let report = Report::new(before);
    let source = match load(text) {
        Ok(documents) => {
            let document = documents.first()?;
            if let Some(second) = documents.get(1) {
                let line = second.span.start.line();
                report.add(
                    line,
                    "",
                    "another document begins; put a line \"---\" before it",
                );
            }
            if document.data.is_null()
                || document.data.is_representation() && text.trim().is_empty()
            {
                return None;
            }
            Source::read(Node::root(document, &report))
        }
        Err((line, why)) => {
            report.add(line, "", format!("is neither YAML nor JSON: {why}"));
            None
        }
    };
    match source {
        Some(source) if report.is_empty() => Some(Ok(source)),
        _ => Some(Err(report.into_problems())),
    }
}

/// Scalars stay as they are written: `5` in quotes is another thing than `5`.
fn load(text: &str) -> Result<Vec<MarkedYaml<'_>>, (usize, String)> {
    let mut loader = YamlLoader::default();
    loader.early_parse(false);
    if let Some(line) = too_deep(text) {
        return Err((
            line,
            format!("it has more than {DEEPEST} levels; write it flat"),
        ));
    }
    Parser::new_from_str(text)
        .load(&mut loader, true)
        .map_err(|error| wrong(&error))?;
    match loader.error() {
        Some(error) => Err(wrong(error)),
        None => Ok(loader.into_documents()),
    }
}

fn wrong(error: &ScanError) -> (usize, String) {
    (error.marker().line(), error.info().to_owned())
}

/// Where a document is nested too deep for the loader, which calls itself for each level and would take all of the stack.
///
/// What begins further to the right is deeper, so that most documents need no second reading; in brackets the parser itself
/// bounds the levels.
fn too_deep(text: &str) -> Option<usize> {
    let begins = |line: &str| {
        line.bytes()
            .take_while(|byte| b" \t-?:".contains(byte))
            .count()
    };
    if text.lines().all(|line| begins(line) <= DEEPEST) {
        return None;
    }
    let mut depth = 0;
    for event in Parser::new_from_str(text) {
        // What else is wrong is told by the loader.
        let (event, span) = event.ok()?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            _ => {}
        }
        if depth > DEEPEST {
            return Some(span.start.line());
        }
    }
    None
}

/// The pieces of a file between lines that start with `---`: nothing in a YAML document can contain such a line.
struct Chunks<'a> {
    text: &'a str,
    /// Lines before `text`.
    line: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.text.is_empty() {
                return None;
            }
            let mut end = 0;
            let mut lines = 0;
            for line in self.text.split_inclusive('\n') {
                if lines > 0 && is_separator(line) {
                    break;
                }
                end += line.len();
                lines += 1;
            }
            let (chunk, rest) = self.text.split_at(end);
            let before = self.line;
            self.text = rest;
            self.line += lines;
            if chunk.lines().any(says_something) {
                return Some((chunk, before));
            }
        }
    }
}

fn is_separator(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Comments, directives and separators alone are no document.
fn says_something(line: &str) -> bool {
    let line = line.trim();
    !(line.is_empty() || line.starts_with(['#', '%']) || line == "---" || line == "...")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
apiVersion: sources.heartbeats.dev/v1alpha1
kind: WasmSource
metadata: {name: a}
spec: {sink: {uri: 'http://sink'}, schedule: 5s}
";

    fn outcomes(text: &str) -> Vec<Result<String, Vec<String>>> {
        documents(text)
            .map(|document| {
                document
                    .map(|source| source.key.to_string())
                    .map_err(|problems| problems.iter().map(ToString::to_string).collect())
            })
            .collect()
    }

    #[test]
    fn a_broken_document_does_not_hide_the_others() {
        let text = format!("# sources\n---\n{GOOD}--- # next\na: [\n---\n{GOOD}");
        let outcomes = outcomes(&text);
        assert_eq!(outcomes.len(), 3, "{outcomes:?}");
        assert_eq!(outcomes[0], Ok("default/a".into()));
        assert_eq!(outcomes[2], Ok("default/a".into()));
        let [problem] = &outcomes[1].clone().unwrap_err()[..] else {
            panic!("{outcomes:?}")
        };
        assert!(problem.contains("neither YAML nor JSON"), "{problem}");
    }

    #[test]
    fn what_is_nested_without_end_is_refused() {
        let steps: String = (0..50_000)
            .map(|level| " ".repeat(level % 90) + "- ")
            .collect();
        let mappings: String = (0..200).map(|level| " ".repeat(level) + "a:\n").collect();
        for deep in [
            "- ".repeat(50_000),
            steps,
            mappings,
            "[".repeat(50_000),
            "? ".repeat(50_000),
        ] {
            let outcomes = outcomes(&format!("{deep}\n---\n{GOOD}"));
            let problems = outcomes[0].as_ref().unwrap_err();
            assert!(
                problems[0].contains("neither YAML nor JSON"),
                "{problems:?}"
            );
            assert_eq!(outcomes[1], Ok("default/a".into()));
        }
    }

    #[test]
    fn nothing_is_no_document() {
        assert!(outcomes("").is_empty());
        assert!(outcomes("# only words\n---\n\n---\n").is_empty());
    }

    #[test]
    fn a_document_that_begins_without_a_line_of_dashes_is_not_lost_in_silence() {
        let problems = outcomes(&format!("{GOOD}...\n{GOOD}"))[0]
            .clone()
            .unwrap_err();
        assert_eq!(
            problems,
            ["6: another document begins; put a line \"---\" before it"]
        );
        assert_eq!(outcomes(&format!("{GOOD}...\n")), [Ok("default/a".into())]);
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let text = format!("{GOOD}---\n{GOOD}  bad: 1\n");
        let problems = outcomes(&text)[1].clone().unwrap_err();
        assert!(problems[0].starts_with("10: "), "{problems:?}");
    }

    #[test]
    fn json_is_read_too() {
        let text = r#"{"apiVersion": "sources.heartbeats.dev/v1alpha1", "kind": "WasmSource",
            "metadata": {"name": "j", "namespace": "n"},
            "spec": {"sink": {"uri": "http://sink"}, "schedule": "5s"}}"#;
        assert_eq!(outcomes(text), [Ok("n/j".into())]);
        let problems = outcomes(&text.replace("\"5s\"", "5"))[0]
            .clone()
            .unwrap_err();
        assert!(
            problems[0].starts_with("3: spec.schedule: "),
            "{problems:?}"
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error() {
        let problems = outcomes(&format!("{GOOD}kind: WasmSource\n"))[0]
            .clone()
            .unwrap_err();
        assert!(problems[0].starts_with("5: "), "{problems:?}");
    }
}

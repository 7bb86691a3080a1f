//! What is wrong with a manifest.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong with a document. The text names the value and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line in the file, from 1.
    pub line: usize,
    /// The field, such as `spec.sink.uri`; empty where the document itself is meant.
    pub field: String,
    /// What is wrong, and what to do.
    pub text: String,
}

/// A problem and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file.
    pub file: PathBuf,
    /// What is wrong in it.
    pub problem: Problem,
}

/// Collects the problems of one document.
#[derive(Debug)]
pub(super) struct Report {
    /// Lines of the file before the document.
    before: usize,
    problems: RefCell<Vec<Problem>>,
}

impl Problem {
    /// This problem, in `file`.
    pub fn in_file(self, file: &Path) -> Located {
        Located {
            file: file.to_owned(),
            problem: self,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.text)
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.problem)
    }
}

impl Report {
    pub(super) fn new(before: usize) -> Self {
        Self {
            before,
            problems: RefCell::default(),
        }
    }

    /// `line` counts from 1 in the document.
    pub(super) fn add(&self, line: usize, field: &str, text: impl Into<String>) {
        self.problems.borrow_mut().push(Problem {
            line: self.before + line.max(1),
            field: field.to_owned(),
            text: text.into(),
        });
    }

    /// The line in the file of a line in the document.
    pub(super) fn line(&self, line: usize) -> usize {
        self.before + line
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// In the order of their lines.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

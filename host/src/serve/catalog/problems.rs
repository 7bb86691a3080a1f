//! What is wrong with the files together, or with one as a whole.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::File;
use crate::manifest::{Found, Key, Located, Problem};

/// What is wrong with sources whose name an earlier one has: `twice` has their files, lines and keys.
pub(super) fn named_twice(
    files: &BTreeMap<PathBuf, File>,
    twice: &[(&PathBuf, usize, &Arc<Key>)],
) -> Vec<Located> {
    if twice.is_empty() {
        return Vec::new();
    }
    let names: HashSet<_> = twice.iter().map(|(_, _, key)| *key).collect();
    let mut first = HashMap::new();
    for (path, file) in files {
        for (key, _, line) in file.sources.iter().filter(|(key, ..)| names.contains(key)) {
            first.entry(key).or_insert((path, line));
        }
    }
    let problem = |(path, line, key): &(&PathBuf, usize, &Arc<Key>)| {
        let (first, first_line) = first.get(key)?;
        let problem = Problem {
            line: *line,
            field: "metadata.name".into(),
            text: format!(
                "{key} is at {}:{first_line} already; choose another name or namespace",
                first.display()
            ),
        };
        Some(problem.in_file(path))
    };
    twice.iter().filter_map(problem).collect()
}

pub(super) fn unreadable(found: &Found) -> Vec<Located> {
    found
        .unreadable
        .iter()
        .map(|(path, error)| whole_file(path, error))
        .collect()
}

pub(super) fn whole_file(path: &Path, error: &std::io::Error) -> Located {
    let problem = Problem {
        line: 1,
        field: String::new(),
        text: format!("cannot be read: {error}"),
    };
    problem.in_file(path)
}

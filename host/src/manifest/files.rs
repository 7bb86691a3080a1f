//! Which files hold manifests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How deep folders are followed: a link to a parent must not go on for ever.
const DEEPEST: usize = 16;

/// What was found under some paths.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, each once, in the order of their names.
    pub files: Vec<PathBuf>,
    /// The folders in which they were looked for.
    pub folders: Vec<PathBuf>,
    /// What could not be read.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

/// Finds the manifests: a file that is named is one, and in folders those that end with `.yaml`, `.yml` and `.json`.
///
/// Names with a dot in front are left out: that is where Kubernetes keeps the versions of a mounted ConfigMap, whose files
/// are links.
pub fn find(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => found.folder(path, DEEPEST),
            Ok(_) => found.files.push(path.clone()),
            Err(error) => found.unreadable.push((path.clone(), error)),
        }
    }
    found.files.sort();
    found.files.dedup();
    found
}

impl Found {
    fn folder(&mut self, folder: &Path, depth: usize) {
        self.folders.push(folder.to_owned());
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable.push((folder.to_owned(), error)),
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            // An entry may go away while it is looked at, as in every change of a folder.
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && depth > 0 => self.folder(&path, depth - 1),
                Ok(metadata) if metadata.is_file() && is_manifest(&path) => self.files.push(path),
                _ => {}
            }
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension == *known)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_hidden_names_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("below/..data")).unwrap();
        for name in [
            "b.yaml",
            "below/a.json",
            "below/..data/x.yaml",
            ".hidden.yaml",
            "notes.txt",
            "c.yml",
        ] {
            fs::write(path(name), "").unwrap();
        }
        let found = find(&[folder.path().to_owned(), path("b.yaml"), path("missing")]);
        assert_eq!(
            found.files,
            [path("b.yaml"), path("below/a.json"), path("c.yml")]
        );
        assert_eq!(found.unreadable.len(), 1);
    }
}

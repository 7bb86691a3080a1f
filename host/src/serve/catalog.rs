//! What the manifests say now, and what of it has changed.

mod known;
mod problems;
mod ready;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::beat::Runnable;
use super::component::Components;
use super::scheduler::{Shared, Spec};
use super::shard::Shard;
use super::tokens::Tokens;
use crate::manifest::{Key, Located, Problem, Source, documents, find};
use crate::stamp::Stamp;
use known::Known;
use problems::{named_twice, unreadable, whole_file};
use ready::Ready;

/// The sources of some files and folders.
pub(crate) struct Catalog {
    paths: Vec<PathBuf>,
    shard: Shard,
    components: Components,
    files: BTreeMap<PathBuf, File>,
    /// What runs.
    current: HashMap<Arc<Key>, Current>,
    known: Known,
    ready: Ready,
    /// What is wrong in the files, each for itself and together.
    problems: Vec<Located>,
    /// What was wrong at the last look; `None` before the first one.
    told: Option<Vec<Located>>,
}

/// What has changed since the last [look](Catalog::look).
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Sources that are new or changed.
    pub set: Vec<Spec<Runnable>>,
    /// Sources that are gone.
    pub removed: Vec<Arc<Key>>,
    /// Everything that is wrong now; `None` where that is the same as before.
    pub problems: Option<Vec<Located>>,
}

/// A source in its file.
pub(crate) struct Place<'a> {
    pub(crate) file: &'a Path,
    pub(crate) line: usize,
    pub(crate) key: Arc<Key>,
    pub(crate) shared: Arc<Shared<Runnable>>,
}

#[derive(Clone)]
struct Planned {
    shared: Arc<Shared<Runnable>>,
    suspend: bool,
}

/// A source as it was told last.
struct Current {
    shared: Arc<Shared<Runnable>>,
    suspend: Option<Arc<str>>,
    /// In a file already, at this look.
    seen: bool,
}

#[derive(Default)]
struct File {
    stamp: Option<Stamp>,
    sources: Vec<(Arc<Key>, Planned, usize)>,
    problems: Vec<Located>,
}

impl Catalog {
    /// The sources under `paths` that fall to `shard`.
    pub(crate) fn new(paths: Vec<PathBuf>, shard: Shard, components: Components) -> Self {
        Self {
            paths,
            shard,
            components,
            files: BTreeMap::new(),
            current: HashMap::new(),
            known: Known::default(),
            ready: Ready::default(),
            problems: Vec::new(),
            told: None,
        }
    }

    /// Suspends sources whose sinks have an audience, while there is no token for it.
    pub(crate) fn with_tokens(self, tokens: Tokens) -> Self {
        Self {
            ready: Ready::new(tokens),
            ..self
        }
    }

    /// Reads what has changed. A file with something broken in it keeps the sources that it had and has no more.
    pub(crate) fn look(&mut self) -> Changes {
        let found = find(&self.paths);
        let all = self.components.forget_changed();
        let present: HashSet<&PathBuf> = found.files.iter().collect();
        let before = self.files.len();
        // A folder that cannot be read just now has not lost its files.
        let unsure = |path: &PathBuf| found.unreadable.iter().any(|(at, _)| path.starts_with(at));
        self.files
            .retain(|path, _| present.contains(path) || unsure(path));
        let mut changed = self.ready.look() || all || self.files.len() != before;
        for path in &found.files {
            let stamp = Stamp::of(path).ok();
            let same = self
                .files
                .get(path)
                .is_some_and(|file| file.stamp == stamp && stamp.is_some());
            if same && !all {
                continue;
            }
            changed = true;
            let old = self.files.remove(path).unwrap_or_default();
            let new = self.read(path, stamp, &old);
            self.files.insert(path.clone(), new);
        }
        let changes = match changed {
            true => self.compare(),
            false => Changes::default(),
        };
        let problems: Vec<_> = self
            .problems
            .iter()
            .cloned()
            .chain(unreadable(&found))
            .collect();
        if self.told.as_ref() == Some(&problems) {
            return changes;
        }
        self.told = Some(problems.clone());
        Changes {
            problems: Some(problems),
            ..changes
        }
    }

    /// The sources that run, and where each stands.
    pub(crate) fn sources(&self) -> Vec<Place<'_>> {
        let mut names = HashSet::new();
        let mut places = Vec::new();
        for (path, file) in &self.files {
            for (key, planned, line) in &file.sources {
                if names.insert(key) {
                    places.push(Place {
                        file: path,
                        line: *line,
                        key: key.clone(),
                        shared: planned.shared.clone(),
                    });
                }
            }
        }
        places
    }

    /// Where changes may show.
    pub(super) fn folders(&self) -> HashSet<PathBuf> {
        let found = find(&self.paths);
        let parents = self.paths.iter().map(PathBuf::as_path);
        let components = self.components.paths();
        let parent = |path: &Path| match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Some(PathBuf::from(".")),
            parent => parent.map(Path::to_owned),
        };
        let parents: Vec<_> = parents.chain(components).filter_map(parent).collect();
        let folders = found.folders.into_iter().chain(parents);
        folders.chain(self.ready.folders()).collect()
    }

    fn read(&mut self, path: &Path, stamp: Option<Stamp>, old: &File) -> File {
        let mut file = File {
            stamp,
            ..File::default()
        };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                for document in documents(&text) {
                    self.document(path, document, &mut file);
                }
            }
            Err(error) => file.problems.push(whole_file(path, &error)),
        }
        if !file.problems.is_empty() {
            let has: HashSet<Arc<Key>> = file.sources.iter().map(|(key, ..)| key.clone()).collect();
            let kept = old
                .sources
                .iter()
                .filter(|(key, ..)| !has.contains(key))
                .cloned();
            file.sources.extend(kept);
        }
        file.sources.shrink_to_fit();
        file
    }

    fn document(&mut self, path: &Path, document: Result<Source, Vec<Problem>>, file: &mut File) {
        let source = match document {
            Ok(source) => source,
            Err(problems) => {
                return file
                    .problems
                    .extend(problems.into_iter().map(|problem| problem.in_file(path)));
            }
        };
        if !self.shard.runs(&source.key) {
            return;
        }
        let mut settings = source.settings;
        self.known.share_parts(&mut settings);
        settings
            .component
            .relative_to(path.parent().unwrap_or(Path::new("")));
        let component = match self.components.get(&settings.component) {
            Ok(component) => component,
            Err(error) => {
                let problem = Problem {
                    line: source.line,
                    field: "spec.component.path".into(),
                    text: error.to_string(),
                };
                return file.problems.push(problem.in_file(path));
            }
        };
        let planned = Planned {
            shared: self.known.share(settings, &component),
            suspend: source.suspend,
        };
        file.sources
            .push((Arc::new(source.key), planned, source.line));
    }

    /// Brings `current` to what the files say; of two sources with one name the first counts.
    fn compare(&mut self) -> Changes {
        let mut changes = Changes::default();
        let mut problems = Vec::new();
        // Room at once: what grows by copies leaves them behind as memory that nobody uses.
        let count = self.files.values().map(|file| file.sources.len()).sum();
        let new = usize::saturating_sub(count, self.current.len());
        self.current.reserve(new);
        changes.set.reserve(new);
        let mut twice = Vec::new();
        for (path, file) in &self.files {
            problems.extend(file.problems.iter().cloned());
            for (key, planned, line) in &file.sources {
                let old = self.current.get_mut(key);
                if old.as_ref().is_some_and(|old| old.seen) {
                    twice.push((path, *line, key));
                    continue;
                }
                let settings = &planned.shared.settings;
                let suspend = self.ready.resting(key, settings, planned.suspend);
                if let Some(old) = old
                    && Arc::ptr_eq(&old.shared, &planned.shared)
                    && old.suspend == suspend
                {
                    old.seen = true;
                    continue;
                }
                let current = Current {
                    shared: planned.shared.clone(),
                    suspend: suspend.clone(),
                    seen: true,
                };
                self.current.insert(key.clone(), current);
                changes.set.push(Spec {
                    key: key.clone(),
                    shared: planned.shared.clone(),
                    suspend,
                });
            }
        }
        problems.extend(named_twice(&self.files, &twice));
        self.problems = problems;
        self.current.retain(|key, current| {
            let stays = std::mem::take(&mut current.seen);
            if !stays {
                changes.removed.push(key.clone());
            }
            stays
        });
        self.ready.forget_unneeded();
        self.known.forget_unused();
        changes
    }
}

#[cfg(test)]
mod tests;

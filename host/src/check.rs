//! Validates manifests and components, and sends nothing.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::Error;
use crate::engine::Engine;
use crate::serve::{Catalog, Component, Components, Shard};

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// Sources without a problem.
    pub sources: usize,
    /// Components without a problem that were named themselves.
    pub components: usize,
    /// Everything that is wrong, a line each.
    pub problems: Vec<String>,
}

/// Checks components (files that end with `.wasm`) and manifests (all other files, and folders of them).
pub fn check(engine: &Engine, paths: Vec<PathBuf>) -> Checked {
    let (components, manifests): (Vec<_>, Vec<_>) = paths
        .into_iter()
        .partition(|path| path.extension() == Some(OsStr::new("wasm")));
    let named = components.len();
    let mut problems: Vec<String> = components
        .iter()
        .filter_map(|path| component(engine, path).err())
        .map(|error| error.to_string())
        .collect();
    let components = named - problems.len();
    let changes = Catalog::new(manifests, Shard::ALL, Components::new(engine.clone())).look();
    let located = changes.problems.unwrap_or_default();
    problems.extend(located.iter().map(ToString::to_string));
    Checked {
        sources: changes.set.len(),
        components,
        problems,
    }
}

fn component(engine: &Engine, path: &PathBuf) -> Result<Component, Error> {
    let bytes = std::fs::read(path).map_err(|reason| Error::Read {
        path: path.clone(),
        reason,
    })?;
    Component::new(engine, &path.display().to_string(), &bytes)
}

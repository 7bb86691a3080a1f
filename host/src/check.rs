//! Validates manifests and components, and asks each component about the settings of its sources. Nothing is sent.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Error;
use crate::client::{Client, Proxies, Trust};
use crate::engine::{self, Engine};
use crate::manifest::{Located, Problem};
use crate::sandbox::Output;
use crate::serve::{self, Catalog, Component, Components, Place, Shard};

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
pub async fn check(engine: &Engine, paths: Vec<PathBuf>) -> Result<Checked, Error> {
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
    let mut catalog = Catalog::new(manifests, Shard::ALL, Components::new(engine.clone()));
    let located = catalog.look().problems.unwrap_or_default();
    problems.extend(located.iter().map(ToString::to_string));
    let places = catalog.sources();
    let refused = refused(&places).await?;
    problems.extend(refused.iter().map(ToString::to_string));
    Ok(Checked {
        sources: places.len() - refused.len(),
        components,
        problems,
    })
}

/// What the components say against their sources' settings. Those of equal settings are asked once.
async fn refused(places: &[Place<'_>]) -> Result<Vec<Located>, Error> {
    let client = Client::new(Trust::nobody(), Proxies::default())?;
    let (output, _) = Output::new(io::sink()).map_err(Error::thread)?;
    let mut answers = HashMap::new();
    let mut refused = Vec::new();
    for place in places {
        let answer = match answers.get(&Arc::as_ptr(&place.shared)) {
            Some(known) => known,
            None => {
                let answer = serve::check(&place.key, &place.shared, client.clone(), &output).await;
                answers.entry(Arc::as_ptr(&place.shared)).or_insert(answer)
            }
        };
        if let Err(why) = answer {
            let problem = Problem {
                line: place.line,
                field: "spec".into(),
                text: format!(
                    "the component of {} refuses these settings: {why}",
                    place.key
                ),
            };
            refused.push(problem.in_file(place.file));
        }
    }
    Ok(refused)
}

fn component(engine: &Engine, path: &Path) -> Result<Component, Error> {
    Component::new(engine, &path.display().to_string(), &engine::read(path)?)
}

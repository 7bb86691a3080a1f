//! Which sources may beat: not those that rest by their manifest, and none whose sink's token is missing.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use crate::manifest::{Audience, Key, Settings};
use crate::serve::tokens::{Tokens, audiences};

const BY_MANIFEST: &str = "suspended by its manifest";

/// The tokens that sources need, and what is wrong with those that cannot be used.
#[derive(Default)]
pub(super) struct Ready {
    /// `None`: nobody sends anything, so tokens do not matter.
    tokens: Option<Tokens>,
    needed: HashMap<Need, Found>,
}

/// A namespace and an audience.
type Need = (Box<str>, Audience);

struct Found {
    missing: Option<Arc<str>>,
    needed: bool,
}

impl Ready {
    pub(super) fn new(tokens: Tokens) -> Self {
        Self {
            tokens: Some(tokens),
            needed: HashMap::new(),
        }
    }

    /// Looks at the tokens again, and says whether one has come or gone.
    pub(super) fn look(&mut self) -> bool {
        let Some(tokens) = &self.tokens else {
            return false;
        };
        let mut changed = false;
        for (need, found) in &mut self.needed {
            let missing = missing(tokens, need);
            if missing != found.missing {
                changed = true;
                tell(need, missing.as_deref());
                found.missing = missing;
            }
        }
        changed
    }

    /// Why a source must rest, if it must.
    pub(super) fn resting(
        &mut self,
        key: &Key,
        settings: &Settings,
        suspend: bool,
    ) -> Option<Arc<str>> {
        let mut why: Option<Arc<str>> = suspend.then(|| BY_MANIFEST.into());
        let Some(tokens) = &self.tokens else {
            return why;
        };
        for audience in audiences(settings) {
            let need = (key.namespace.clone(), audience.clone());
            let found = self.needed.entry(need).or_insert_with_key(|need| {
                let missing = missing(tokens, need);
                if missing.is_some() {
                    tell(need, missing.as_deref());
                }
                Found {
                    missing,
                    needed: true,
                }
            });
            found.needed = true;
            why = why.or_else(|| found.missing.clone());
        }
        why
    }

    /// Forgets the tokens that nobody was [asking](Self::resting) for since the last time.
    pub(super) fn forget_unneeded(&mut self) {
        self.needed
            .retain(|_, found| std::mem::take(&mut found.needed));
    }

    /// Where tokens may come and go.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        let Some(tokens) = &self.tokens else {
            return BTreeSet::new();
        };
        let namespaces = self.needed.keys().map(|(namespace, _)| namespace);
        let folders = namespaces.filter_map(|namespace| tokens.folder(namespace));
        // A namespace's own folder may come later than the one that it is in.
        let with_parent = |folder: PathBuf| [folder.parent().map(PathBuf::from), Some(folder)];
        folders.flat_map(with_parent).flatten().collect()
    }
}

fn missing(tokens: &Tokens, (namespace, audience): &Need) -> Option<Arc<str>> {
    let error = tokens.open(namespace, audience).err()?;
    Some(error.to_string().into())
}

fn tell((namespace, audience): &Need, missing: Option<&str>) {
    match missing {
        Some(why) => tracing::warn!(%namespace, "sources are suspended: {why}"),
        None => tracing::info!(%namespace, %audience, "sources go on: their token has come"),
    }
}

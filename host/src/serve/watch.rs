//! Looks at the manifests again when something changes near them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::UnboundedSender;

use super::catalog::{Catalog, Changes};

/// Changes come in crowds: a folder that is copied, a mount that is swapped. They are over when none has come for so long.
const SETTLE: Duration = Duration::from_millis(100);
/// So many times that is waited for, at the most.
const PATIENCE: usize = 6;
/// For what the system does not tell, such as on network file systems.
const ANYWAY: Duration = Duration::from_secs(10);

/// Looks at once, and then again whenever it may be worth it, until nobody listens any more.
pub(super) fn start(
    mut catalog: Catalog,
    listener: UnboundedSender<Changes>,
) -> std::io::Result<()> {
    let (changed, changes) = mpsc::sync_channel(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let only_read = event.is_ok_and(|event| event.kind.is_access());
        if !only_read {
            // One that waits already stands for all.
            let _ = changed.try_send(());
        }
    });
    let mut watched = Watched {
        watcher: watcher
            .inspect_err(|error| tracing::warn!("changes of the manifests are seen late: {error}"))
            .ok(),
        folders: HashSet::new(),
    };
    thread::Builder::new()
        .name("sources".into())
        .spawn(move || {
            loop {
                // Before the look: what changes during it is seen again.
                watched.follow(catalog.folders());
                if listener.send(catalog.look()).is_err() {
                    return;
                }
                // It may have found more places to look at.
                watched.follow(catalog.folders());
                if changes.recv_timeout(ANYWAY).is_ok() {
                    for _ in 0..PATIENCE {
                        thread::sleep(SETTLE);
                        if changes.try_recv().is_err() {
                            break;
                        }
                    }
                } else if listener.is_closed() {
                    return;
                }
            }
        })?;
    Ok(())
}

struct Watched {
    watcher: Option<RecommendedWatcher>,
    folders: HashSet<PathBuf>,
}

impl Watched {
    fn follow(&mut self, folders: HashSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for folder in self.folders.difference(&folders) {
            // A folder that is gone is watched no more anyway.
            let _ = watcher.unwatch(folder);
        }
        self.folders.retain(|folder| folders.contains(folder));
        for folder in folders {
            if !self.folders.contains(&folder) {
                match watcher.watch(&folder, RecursiveMode::NonRecursive) {
                    Ok(()) => drop(self.folders.insert(folder)),
                    Err(error) => tracing::debug!("cannot watch {}: {error}", folder.display()),
                }
            }
        }
    }
}

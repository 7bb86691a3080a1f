//! The compilation cache.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::{Sink, Source};

#[test]
fn the_second_start_compiles_nothing() {
    let cache = tempfile::tempdir().unwrap();
    let sink = Sink::answering(202);
    let run = || {
        Source::beating_to(&sink)
            .one_shot()
            .cache(cache.path())
            .run()
            .succeeded()
    };

    run();
    let after_first = artifacts(cache.path());
    run();

    assert!(
        !after_first.is_empty(),
        "the first start keeps what it compiled"
    );
    assert_eq!(after_first, artifacts(cache.path()));
}

#[test]
fn a_cache_that_cannot_be_written_does_not_stop_the_heart() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let sink = Sink::answering(202);

    // A file where the directory should be: it fails for root too.
    Source::beating_to(&sink)
        .one_shot()
        .cache(file.path())
        .run()
        .succeeded();

    assert_eq!(sink.requests().len(), 1);
}

/// Compiled code, without the statistics that wasmtime keeps beside it about its use.
fn artifacts(directory: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = directories
        .iter()
        .flat_map(|directory| artifacts(directory));
    files
        .into_iter()
        .filter(|file| file.extension().is_none())
        .chain(below)
        .collect()
}

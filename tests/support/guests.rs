//! Test components, built from `tests/guests/` when a test first asks for one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::{cargo, root, scratch};

/// A command that tries what its arguments say and prints what came of it.
pub(crate) fn egress() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| build("egress"));
    &BUILT
}

/// A command that does the harm that its first argument names.
pub(crate) fn hostile() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| build("hostile"));
    &BUILT
}

/// Traps behind every door.
pub(crate) fn doors() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| build("doors"));
    &BUILT
}

/// A provider of Spin's variables, which reads them from its environment.
pub(crate) fn variables() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| build("variables"));
    &BUILT
}

/// The component itself with one of its doors alone, by the name of its feature.
pub(crate) fn one_door(door: &'static str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let build = || {
        let target = scratch("one-door");
        cargo(
            [
                "wasm",
                "--locked",
                "--no-default-features",
                "--features",
                door,
            ],
            |command| {
                command.arg("--target-dir").arg(&target);
            },
        );
        // The next door is built to the same file.
        let component = target.join(format!("{door}.wasm"));
        std::fs::copy(
            target.join("wasm32-wasip2/release/heartbeats.wasm"),
            &component,
        )
        .unwrap();
        component
    };
    built.entry(door).or_insert_with(build).clone()
}

fn build(name: &str) -> PathBuf {
    let target = scratch("guests");
    let manifest = root().join("tests/guests").join(name).join("Cargo.toml");
    cargo(
        ["build", "--locked", "--release", "--target=wasm32-wasip2"],
        |command| {
            command
                .arg("--manifest-path")
                .arg(manifest)
                .arg("--target-dir")
                .arg(&target);
        },
    );
    target
        .join("wasm32-wasip2/release")
        .join(name)
        .with_extension("wasm")
}

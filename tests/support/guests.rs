//! Test components, built from `tests/guests/` when a test first asks for one.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

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

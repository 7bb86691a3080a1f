//! Test components, built from `tests/guests/` when a test first asks for one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::program::scratch;

/// A command that tries what its arguments say and prints what came of it.
pub(crate) fn egress() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| build("egress"));
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

/// Runs cargo at the root of the repository; what it builds goes where it does not disturb the build that runs the tests.
pub(crate) fn cargo<'a>(
    arguments: impl IntoIterator<Item = &'a str>,
    more: impl FnOnce(&mut Command),
) {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(arguments);
    more(&mut command);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

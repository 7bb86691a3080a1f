use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use heartbeats_host::HEARTBEATS;

/// Where the tests keep what is costly to make again: compiled components, guests, builds.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// The component that the host carries, as a file for `wasmtime`.
pub(crate) fn component_file() -> &'static Path {
    static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = scratch("component").join("heartbeats.wasm");
        std::fs::write(&path, HEARTBEATS).unwrap();
        path
    });
    &FILE
}

/// A program with nothing of this process's environment but what lets it keep compiled code between runs.
pub(crate) fn clean(program: impl AsRef<std::ffi::OsStr>, cache: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", cache)
        .env("XDG_CACHE_HOME", cache);
    command
}

pub(crate) fn host() -> &'static str {
    env!("CARGO_BIN_EXE_heartbeats-host")
}

/// The `wasmtime` command line.
pub(crate) fn wasmtime() -> PathBuf {
    named_by("WASMTIME")
}

/// The `wasm-tools` command line.
pub(crate) fn wasm_tools() -> PathBuf {
    named_by("WASM_TOOLS")
}

/// A Python interpreter that has the packages of `requirements.txt`.
pub(crate) fn python() -> PathBuf {
    named_by("PYTHON")
}

fn named_by(variable: &str) -> PathBuf {
    let path = env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `make test`, which sets it"));
    let path = PathBuf::from(path);
    assert!(
        path.is_file(),
        "{variable}={} is no file: run `make setup`, which makes it",
        path.display()
    );
    path
}

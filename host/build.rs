//! Builds the component with `cargo wasm`, so that the host can embed it: with all doors, and once more with the ticker alone for
//! `serve`, where it is a tenth cheaper to make an instance of it for each beat.
//!
//! These are nested cargos with target directories of their own: the outer one holds the lock of the shared directory while this
//! script runs.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TARGET: &str = "wasm32-wasip2";

/// What decides the component's bytes, below the workspace's root.
const INPUTS: [&str; 6] = [
    "src",
    "wit",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
    "rust-toolchain.toml",
];

/// What the outer cargo or its user set for the host's build and must not reach the component's: flags, wrappers and
/// profiles (of clippy, coverage tools, cross builds), and the job server, whose pipe a nested cargo does not inherit.
const OUTER: [&str; 12] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_FEATURE_",
    "CARGO_MAKEFLAGS",
    "CARGO_PROFILE_",
    "CARGO_TARGET_DIR",
    "CLIPPY_",
    "MAKEFLAGS",
    "MFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// What `cargo wasm` is told for the ticker alone. It is never downloaded, so it may be larger and faster.
const TICKER: [&str; 4] = [
    "--no-default-features",
    "--features=ticker",
    "--config",
    "profile.release.opt-level=3",
];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("..")
        .canonicalize()?;
    for input in INPUTS {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    require_target(&root)?;
    let wasm = component(&root, "component", &[])?;
    println!("cargo::rustc-env=HEARTBEATS_WASM={}", wasm.display());
    let ticker = component(&root, "ticker", &TICKER)?;
    println!("cargo::rustc-env=HEARTBEATS_TICKER={}", ticker.display());
    println!("cargo::rustc-env=HEARTBEATS_TARGET={}", env::var("TARGET")?);
    Ok(())
}

fn component(root: &Path, name: &str, options: &[&str]) -> Result<PathBuf, Box<dyn Error>> {
    let target_dir = Path::new(&env::var("OUT_DIR")?).join(name);
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .current_dir(root)
        .args(["wasm", "--locked", "--target-dir"])
        .arg(&target_dir)
        .args(options);
    for (name, _) in env::vars_os() {
        let outer = name
            .to_str()
            .is_some_and(|name| OUTER.iter().any(|prefix| name.starts_with(prefix)));
        if outer {
            cargo.env_remove(name);
        }
    }
    let output = cargo.output()?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return Err("the component could not be built: run `cargo wasm` to see why".into());
    }
    Ok(target_dir
        .join(TARGET)
        .join("release")
        .join("heartbeats.wasm"))
}

fn require_target(root: &Path) -> Result<(), Box<dyn Error>> {
    let mut rustc = Command::new(env::var("RUSTC")?);
    let output = rustc
        .current_dir(root)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()?;
    let libdir = String::from_utf8(output.stdout)?;
    if Path::new(libdir.trim()).is_dir() {
        return Ok(());
    }
    Err(format!("the component needs the target {TARGET}: run `rustup target add {TARGET}`").into())
}

//! Builds the component with `cargo wasm`, so that the host can embed it.
//!
//! It is a nested cargo with a target directory of its own: the outer one holds the lock of the shared directory while this script runs.

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

fn main() -> ExitCode {
    match build() {
        Ok((wasm, target)) => {
            println!("cargo::rustc-env=HEARTBEATS_WASM={}", wasm.display());
            println!("cargo::rustc-env=HEARTBEATS_TARGET={target}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

/// The component, and the target of the host.
fn build() -> Result<(PathBuf, String), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("..")
        .canonicalize()?;
    for input in INPUTS {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    require_target(&root)?;

    let target_dir = Path::new(&env::var("OUT_DIR")?).join("component");
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .current_dir(&root)
        .args(["wasm", "--locked", "--target-dir"])
        .arg(&target_dir);
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
    let component = target_dir
        .join(TARGET)
        .join("release")
        .join("heartbeats.wasm");
    Ok((component, env::var("TARGET")?))
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

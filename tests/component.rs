//! The component itself: what it weighs and what it asks of its host.

use std::collections::BTreeSet;

use heartbeats_host::HEARTBEATS;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::support::{cargo, scratch};

#[test]
fn with_all_doors_it_has_at_most_250_000_bytes() {
    assert!(HEARTBEATS.len() <= 250_000, "{} bytes", HEARTBEATS.len());
}

#[test]
fn with_the_run_door_alone_it_has_at_most_180_000_bytes() {
    let target = scratch("run-alone");
    cargo(
        [
            "wasm",
            "--locked",
            "--no-default-features",
            "--features=run",
        ],
        |command| {
            command.arg("--target-dir").arg(&target);
        },
    );
    let component = std::fs::read(target.join("wasm32-wasip2/release/heartbeats.wasm")).unwrap();

    assert!(component.len() <= 180_000, "{} bytes", component.len());
    assert_eq!(names(&component).1, ["wasi:cli/run"], "the only door");
}

#[test]
fn it_has_the_three_doors() {
    assert_eq!(
        names(HEARTBEATS).1,
        [
            "heartbeats:source/ticker",
            "wasi:cli/run",
            "wasi:http/incoming-handler"
        ]
    );
}

#[test]
fn it_imports_what_is_listed_and_nothing_else() {
    let listed: Vec<_> = include_str!("imports.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();

    let imports = names(HEARTBEATS).0;

    assert_eq!(
        imports, listed,
        "if that is meant, change tests/imports.txt"
    );
}

#[test]
fn it_cannot_ask_for_files_or_sockets() {
    let (imports, _) = names(HEARTBEATS);
    let forbidden =
        |name: &&String| name.starts_with("wasi:filesystem") || name.starts_with("wasi:sockets");
    assert_eq!(imports.iter().find(forbidden), None);
}

/// The imports and the exports, sorted, without versions.
fn names(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let engine = Engine::default();
    let kind = Component::new(&engine, component).unwrap().component_type();
    let sorted = |names: BTreeSet<String>| names.into_iter().collect();
    let imports = kind
        .imports(&engine)
        .map(|(name, _)| unversioned(name))
        .collect();
    let exports = kind
        .exports(&engine)
        .map(|(name, _)| unversioned(name))
        .collect();
    (sorted(imports), sorted(exports))
}

fn unversioned(name: &str) -> String {
    name.split('@').next().unwrap().to_owned()
}

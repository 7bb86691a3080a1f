//! The component itself: what it weighs and what it asks of its host.

use heartbeats_host::HEARTBEATS;

use crate::support::{Interfaces, guests, unversioned};

#[test]
fn with_all_doors_it_has_at_most_250_000_bytes() {
    assert!(HEARTBEATS.len() <= 250_000, "{} bytes", HEARTBEATS.len());
}

#[test]
fn each_door_can_be_built_alone() {
    let table = [
        ("run", "wasi:cli/run", 180_000),
        // What runwasi takes: with `wasi:cli/run` beside it, it would run a command, and link no wasi:http.
        ("http", "wasi:http/incoming-handler", 240_000),
        ("ticker", "heartbeats:source/ticker", 180_000),
    ];
    for (door, export, limit) in table {
        let component = std::fs::read(guests::one_door(door)).unwrap();

        assert!(
            component.len() <= limit,
            "{door}: {} bytes",
            component.len()
        );
        assert_eq!(
            unversioned(&Interfaces::of(&component).exports),
            [export],
            "the only door"
        );
    }
}

#[test]
fn it_has_the_three_doors() {
    assert_eq!(
        unversioned(&Interfaces::of(HEARTBEATS).exports),
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

    let imports = unversioned(&Interfaces::of(HEARTBEATS).imports);

    assert_eq!(
        imports, listed,
        "if that is meant, change tests/imports.txt"
    );
}

#[test]
fn it_cannot_ask_for_files_or_sockets() {
    let imports = Interfaces::of(HEARTBEATS).imports;
    let forbidden =
        |name: &&String| name.starts_with("wasi:filesystem") || name.starts_with("wasi:sockets");
    assert_eq!(imports.iter().find(forbidden), None);
}

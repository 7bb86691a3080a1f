//! The admin interface, held against its own description by schemathesis.

use std::process::Command;

use super::world::{Manifest, World};
use crate::support::{Sink, python};

#[test]
fn the_admin_interface_does_what_its_openapi_says() {
    let sink = Sink::answering(202);
    // The first one is the example of the description.
    let manifests = ["heartbeat", "other", "dotted.name"]
        .map(|name| Manifest::new(name, &sink).spec("schedule: 100ms"));
    let world = World::start(&manifests);
    world.wait_for_answer("/sources/event-test/heartbeat", 200);
    let folder = tempfile::tempdir().unwrap();

    let mut schemathesis = Command::new(python());
    schemathesis
        // It leaves files where it runs.
        .current_dir(folder.path())
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("http://{}/openapi.json", world.admin()))
        .args(["--checks=all", "--max-examples=30"])
        .args(["--generation-deterministic", "--continue-on-failure"])
        .arg("--no-color");
    let done = schemathesis.output().unwrap();

    let told = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    for tested in ["8 selected / 8 total", "Examples", "Fuzzing", "Stateful"] {
        assert!(told.contains(tested), "{tested} in {told}");
    }
    assert_eq!(world.get("/healthz").0, 200);
}

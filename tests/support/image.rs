use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use super::program;

/// The image under test.
pub(crate) fn name() -> String {
    env::var("IMAGE")
        .expect("IMAGE is not set: run `make test-deployed`, which builds it and sets it")
}

/// podman, set so that it also works inside of a container: with runc, cgroups as plain files, and no limits of its own.
pub(crate) fn podman() -> Command {
    static SETTINGS: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = program::scratch("podman").join("containers.conf");
        std::fs::write(&path, "[containers]\ndefault_ulimits = []\n").unwrap();
        path
    });
    let mut command = Command::new("podman");
    command
        .env("CONTAINERS_CONF", &*SETTINGS)
        .args(["--cgroup-manager=cgroupfs", "--runtime=runc"]);
    command
}

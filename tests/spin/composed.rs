use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::Manifest;
use crate::support::{component_file, guests, scratch, wasm_tools};

/// The component with its bridge, and that with a provider of variables too.
pub(super) fn composed() -> &'static (PathBuf, PathBuf) {
    static COMPOSED: LazyLock<(PathBuf, PathBuf)> = LazyLock::new(|| {
        let folder = scratch("composed");
        let [manifest, _] = Manifest::all();
        let (_, built) = manifest.build();
        // Composing names an instance by its file, in kebab case.
        let bridge = folder.join("bridge.wasm");
        std::fs::copy(built, &bridge).unwrap();
        let with_bridge = folder.join("with-bridge.wasm");
        compose(component_file(), &bridge, &with_bridge);

        let provided = folder.join("provided.wasm");
        compose(&bridge, guests::variables(), &provided);
        let with_provider = folder.join("with-provider.wasm");
        compose(component_file(), &provided, &with_provider);
        (with_bridge, with_provider)
    });
    &COMPOSED
}

/// Plugs `plug` in for what `component` imports.
fn compose(component: &Path, plug: &Path, output: &Path) {
    let mut command = Command::new(wasm_tools());
    command
        .arg("compose")
        .arg(component)
        .arg("--definitions")
        .arg(plug)
        .arg("--output")
        .arg(output);
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

//! `make artifact`: the component in a registry, as others will pull it.

use std::path::Path;
use std::process::Command;

use heartbeats_host::HEARTBEATS;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Interfaces, Running, root};

#[test]
fn what_is_pushed_to_a_registry_is_the_component_as_a_wasm_artifact() {
    let registry = Registry::start();
    let name = format!("{}/heartbeats:test", registry.address);

    done(
        Command::new("make")
            .current_dir(root())
            // The flags of the make that runs these tests are not for this one.
            .env_remove("MAKEFLAGS")
            .arg("artifact")
            .arg(format!("TO={name}"))
            .arg("PUSH_FLAGS=--dest-tls-verify=false"),
    );

    let pulled = registry.storage.path().join("pulled");
    done(
        Command::new("skopeo")
            .args(["copy", "--src-tls-verify=false"])
            .arg(format!("docker://{name}"))
            .arg(format!("oci:{}", pulled.display())),
    );
    let index = json_of(&pulled.join("index.json"));
    let manifest = json_of(&blob(&pulled, &index["manifests"][0]));
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.wasm.config.v0+json"
    );
    let [layer] = &manifest["layers"].as_array().unwrap()[..] else {
        panic!("one layer: {manifest}")
    };
    assert_eq!(layer["mediaType"], "application/wasm");
    assert_eq!(std::fs::read(blob(&pulled, layer)).unwrap(), HEARTBEATS);

    let config = json_of(&blob(&pulled, &manifest["config"]));
    assert_eq!(config["architecture"], "wasm");
    assert_eq!(config["os"], "wasip2");
    assert_eq!(config["layerDigests"], json!([layer["digest"]]));
    let Interfaces { imports, exports } = Interfaces::of(HEARTBEATS);
    let mut listed = config["component"].clone();
    for way in ["imports", "exports"] {
        listed[way]
            .as_array_mut()
            .unwrap()
            .sort_by_key(Value::to_string);
    }
    assert_eq!(listed, json!({"imports": imports, "exports": exports}));
}

/// A real registry on loopback.
struct Registry {
    address: String,
    storage: TempDir,
    _process: Running,
}

impl Registry {
    fn start() -> Self {
        let storage = tempfile::tempdir().unwrap();
        let config = storage.path().join("config.yml");
        let settings = json!({
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": storage.path()}},
            "http": {"addr": "127.0.0.1:0"},
        });
        // JSON is YAML.
        std::fs::write(&config, settings.to_string()).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config);
        let process = Running::start(command);
        let said = process.stderr_after("listening on ");
        let address = said.split(['"', ' ']).next().unwrap().to_owned();
        Self {
            address,
            storage,
            _process: process,
        }
    }
}

fn done(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{e}: {command:?}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The file with what is described.
fn blob(layout: &Path, descriptor: &Value) -> std::path::PathBuf {
    let digest = descriptor["digest"].as_str().unwrap();
    layout.join("blobs").join(digest.replace(':', "/"))
}

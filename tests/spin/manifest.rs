use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use toml::{Table, Value};

use crate::support::root;

/// A Spin manifest with one component, which has one dependency.
pub(super) struct Manifest {
    folder: PathBuf,
    table: Table,
}

impl Manifest {
    /// All, with what they name built. Once, because cargo takes a file away for a moment when it builds it again.
    pub(super) fn all() -> &'static [Self; 2] {
        static ALL: LazyLock<[Manifest; 2]> = LazyLock::new(|| {
            let all = ["spin.toml", "deploy/spin/http.toml"].map(|path| Manifest {
                folder: root().join(path).parent().unwrap().into(),
                table: read(path),
            });
            all.iter().for_each(Manifest::build);
            all
        });
        &ALL
    }

    /// Runs the build command where and as Spin would.
    fn build(&self) {
        let build = &self.only("component")["build"];
        let workdir = build.get("workdir").map_or("", |dir| dir.as_str().unwrap());
        let done = Command::new("sh")
            .arg("-c")
            .arg(build["command"].as_str().unwrap())
            .current_dir(self.folder.join(workdir))
            // Where the manifest looks, wherever these tests are built.
            .env("CARGO_TARGET_DIR", root().join("target"))
            .env("PATH", path_with_cargo())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{build}\n{said}");
    }

    /// What the component is made of.
    pub(super) fn source(&self) -> Vec<u8> {
        self.bytes(&self.only("component")["source"])
    }

    pub(super) fn bridge(&self) -> Vec<u8> {
        self.bytes(&self.dependencies()[self.dependency()]["path"])
    }

    pub(super) fn component(&self) -> &str {
        let components = self.table["component"].as_table().unwrap();
        components.keys().next().unwrap()
    }

    /// What the bridge is plugged in for.
    pub(super) fn dependency(&self) -> &str {
        let mut keys = self.dependencies().keys();
        let key = keys.next().unwrap();
        assert_eq!(keys.next(), None);
        key
    }

    pub(super) fn default_of(&self, variable: &str) -> &str {
        self.table["variables"][variable]["default"]
            .as_str()
            .unwrap()
    }

    /// The component's variables and what is put into them.
    pub(super) fn variables(&self) -> BTreeSet<(String, String)> {
        let variables = self.only("component")["variables"].as_table().unwrap();
        let pair =
            |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
        variables.iter().map(pair).collect()
    }

    pub(super) fn allowed_outbound_hosts(&self) -> Vec<&str> {
        let hosts = self.only("component")["allowed_outbound_hosts"].as_array();
        hosts
            .unwrap()
            .iter()
            .map(|host| host.as_str().unwrap())
            .collect()
    }

    fn bytes(&self, path: &Value) -> Vec<u8> {
        let path = self.folder.join(path.as_str().unwrap());
        std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    fn dependencies(&self) -> &Table {
        self.only("component")["dependencies"].as_table().unwrap()
    }

    fn only(&self, table: &str) -> &Value {
        let values = self.table[table].as_table().unwrap();
        assert_eq!(values.len(), 1, "one {table}");
        values.values().next().unwrap()
    }
}

/// Reads a TOML file of the repository.
pub(super) fn read(path: &str) -> Table {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    text.parse().unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The cargo that runs the tests comes first.
fn path_with_cargo() -> std::ffi::OsString {
    let cargo = Path::new(env!("CARGO")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(cargo).chain(std::env::split_paths(&path))).unwrap()
}

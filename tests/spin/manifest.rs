use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

use crate::support::{root, scratch};

/// A Spin manifest with one component, which has one dependency.
pub(super) struct Manifest {
    folder: PathBuf,
    table: Table,
}

impl Manifest {
    pub(super) fn all() -> [Self; 2] {
        ["spin.toml", "deploy/spin/http.toml"].map(|path| Self {
            folder: root().join(path).parent().unwrap().into(),
            table: read(path),
        })
    }

    /// Runs the build command where and as Spin would; the component and its bridge, as files.
    pub(super) fn build(&self) -> (PathBuf, PathBuf) {
        // cargo's usual folder is the outer one's, which runs these tests.
        let target = scratch("spin");
        let build = &self.only("component")["build"];
        let workdir = build.get("workdir").map_or("", |dir| dir.as_str().unwrap());
        let status = Command::new("sh")
            .arg("-c")
            .arg(build["command"].as_str().unwrap())
            .current_dir(self.folder.join(workdir))
            .env("CARGO_TARGET_DIR", &target)
            .env("PATH", path_with_cargo())
            .status()
            .unwrap();
        assert!(status.success(), "{build}");
        let built = |path: &Value| {
            let path = self.folder.join(path.as_str().unwrap());
            let (_, below) = path.to_str().unwrap().split_once("/target/").unwrap();
            target.join(below)
        };
        (
            built(&self.only("component")["source"]),
            built(&self.dependencies()[self.dependency()]["path"]),
        )
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

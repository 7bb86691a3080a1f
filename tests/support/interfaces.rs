use std::collections::BTreeSet;

use wasmtime::Engine;
use wasmtime::component::Component;

/// What a component imports and exports, with versions.
pub(crate) struct Interfaces {
    pub(crate) imports: BTreeSet<String>,
    pub(crate) exports: BTreeSet<String>,
}

impl Interfaces {
    pub(crate) fn of(component: &[u8]) -> Self {
        let engine = Engine::default();
        let kind = Component::new(&engine, component).unwrap().component_type();
        Self {
            imports: kind.imports(&engine).map(|(name, _)| name.into()).collect(),
            exports: kind.exports(&engine).map(|(name, _)| name.into()).collect(),
        }
    }
}

/// The names alone, sorted.
pub(crate) fn unversioned(interfaces: &BTreeSet<String>) -> Vec<String> {
    let name = |interface: &String| interface.split('@').next().unwrap().to_owned();
    interfaces.iter().map(name).collect()
}

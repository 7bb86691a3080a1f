use std::fs;

use tempfile::TempDir;

use super::*;
use crate::engine::Engine;

/// A folder with manifests.
struct World {
    folder: TempDir,
    catalog: Catalog,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let components = Components::new(Engine::new().unwrap());
        let catalog = Catalog::new(vec![folder.path().to_owned()], Shard::ALL, components);
        Self { folder, catalog }
    }

    fn write(&self, name: &str, text: &str) {
        // Another inode each time, so that no clock is too coarse to tell.
        let new = self.folder.path().join(".new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.folder.path().join(name)).unwrap();
    }

    /// What has changed: the names that were set, the names that are gone, what is wrong.
    fn look(&mut self) -> (Vec<String>, Vec<String>, Vec<String>) {
        let changes = self.catalog.look();
        let mut set: Vec<_> = changes
            .set
            .iter()
            .map(|spec| spec.key.name.to_string())
            .collect();
        set.sort();
        let removed = changes
            .removed
            .iter()
            .map(|key| key.name.to_string())
            .collect();
        let problems = changes
            .problems
            .unwrap_or_default()
            .iter()
            .map(ToString::to_string)
            .collect();
        (set, removed, problems)
    }
}

fn source(name: &str, schedule: &str) -> String {
    format!(
        "---\napiVersion: sources.heartbeats.dev/v1alpha1\nkind: WasmSource\nmetadata: {{name: {name}}}\n\
         spec: {{sink: {{uri: 'http://sink'}}, schedule: {schedule}}}\n"
    )
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn only_what_changed_is_told() {
    let mut world = World::new();
    world.write("a.yaml", &(source("a", "1s") + &source("b", "1s")));
    assert_eq!(world.look(), (names(&["a", "b"]), vec![], vec![]));
    assert_eq!(world.look(), (vec![], vec![], vec![]));
    world.write(
        "a.yaml",
        &(source("a", "1s") + "# a comment\n" + &source("b", "2s") + &source("c", "1s")),
    );
    assert_eq!(world.look(), (names(&["b", "c"]), vec![], vec![]));
    world.write("a.yaml", &source("c", "1s"));
    let (set, mut removed, problems) = world.look();
    removed.sort();
    assert_eq!(
        (set, removed, problems),
        (vec![], names(&["a", "b"]), vec![])
    );
    fs::remove_file(world.folder.path().join("a.yaml")).unwrap();
    assert_eq!(world.look().1, names(&["c"]));
}

#[test]
fn a_broken_edit_keeps_the_last_good_version_and_says_so() {
    let mut world = World::new();
    world.write("a.yaml", &(source("a", "1s") + &source("b", "1s")));
    world.look();
    world.write("a.yaml", &(source("a", "broken") + &source("b", "5s")));
    let (set, removed, problems) = world.look();
    assert_eq!((set, removed), (names(&["b"]), vec![]));
    assert!(
        problems[0].contains("a.yaml:5: spec.schedule"),
        "{problems:?}"
    );
    world.write("a.yaml", &source("b", "5s"));
    assert_eq!(world.look(), (vec![], names(&["a"]), vec![]));
}

#[test]
fn of_two_sources_with_one_name_the_first_counts() {
    let mut world = World::new();
    world.write("a.yaml", &source("a", "1s"));
    world.write("b.yaml", &source("a", "2s"));
    let (set, _, problems) = world.look();
    assert_eq!(set, names(&["a"]));
    assert!(
        problems[0].contains("b.yaml:2: metadata.name") && problems[0].contains("a.yaml:2"),
        "{problems:?}"
    );
    fs::remove_file(world.folder.path().join("a.yaml")).unwrap();
    assert_eq!(
        world.look(),
        (names(&["a"]), vec![], vec![]),
        "the other one takes over"
    );
}

#[test]
fn a_problem_is_told_when_it_comes_and_not_again() {
    let mut world = World::new();
    let problems = |world: &mut World| world.catalog.look().problems.map(|problems| problems.len());
    assert_eq!(problems(&mut world), Some(0));
    assert_eq!(problems(&mut world), None);
    world.write("a.yaml", &source("a", "broken"));
    assert_eq!(problems(&mut world), Some(1));
    world.write("b.yaml", &source("b", "1s"));
    assert_eq!(problems(&mut world), None);
    let gone = world.folder.path().join("gone");
    world.catalog.paths.push(gone.clone());
    assert_eq!(problems(&mut world), Some(2));
    fs::create_dir(gone).unwrap();
    assert_eq!(problems(&mut world), Some(1));
}

#[test]
fn a_component_that_comes_later_is_used_then() {
    let mut world = World::new();
    world.write("a.yaml", &source("a", "1s, component: {path: x.wasm}"));
    let (set, _, problems) = world.look();
    assert_eq!((set, problems.len()), (names(&[]), 1));
    world.write("x.wasm", "no component");
    let (set, _, problems) = world.look();
    assert_eq!((set, problems.len()), (names(&[]), 1));
    let good = world.folder.path().join("good.wasm");
    fs::write(&good, crate::HEARTBEATS).unwrap();
    fs::rename(good, world.folder.path().join("x.wasm")).unwrap();
    assert_eq!(world.look(), (names(&["a"]), vec![], vec![]));
}

#[test]
fn what_cannot_be_read_keeps_no_other_file_that_is_gone() {
    let mut world = World::new();
    world
        .catalog
        .paths
        .push(world.folder.path().join("never/there.yaml"));
    world.write("a.yaml", &source("a", "1s"));
    world.look();
    fs::remove_file(world.folder.path().join("a.yaml")).unwrap();
    let (set, removed, _) = world.look();
    assert_eq!((set, removed), (names(&[]), names(&["a"])));
}

#[test]
fn a_component_that_does_not_compile_is_one_sources_problem() {
    let mut world = World::new();
    world.write("x.wasm", "no component");
    let other = source("x", "1s, component: {path: x.wasm}");
    world.write("a.yaml", &(other + &source("a", "1s")));
    let (set, _, problems) = world.look();
    assert_eq!(set, names(&["a"]));
    assert!(problems[0].contains("spec.component.path"), "{problems:?}");
    world.write("x.wasm", std::str::from_utf8(b"").unwrap());
    assert_eq!(world.look().0, Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_configmap_that_is_swapped_is_seen() {
    use std::os::unix::fs::symlink;
    let mut world = World::new();
    let path = |name: &str| world.folder.path().join(name);
    for (version, schedule) in [("..1", "1s"), ("..2", "2s")] {
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("a.yaml"), source("a", schedule)).unwrap();
    }
    symlink("..1", path("..data")).unwrap();
    symlink("..data/a.yaml", path("a.yaml")).unwrap();
    let swap = [path("..data_tmp"), path("..data")];
    assert_eq!(world.look().0, names(&["a"]));
    symlink("..2", &swap[0]).unwrap();
    fs::rename(&swap[0], &swap[1]).unwrap();
    assert_eq!(world.look().0, names(&["a"]));
}

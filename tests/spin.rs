//! The Spin manifests and their bridge, as far as they can be tried without Spin: what they name is there and fits, and
//! `wasmtime` runs what Spin composes, with a provider of variables in Spin's place.

mod composed;
mod manifest;

use std::collections::BTreeSet;

use heartbeats_host::HEARTBEATS;

use crate::support::{Interfaces, Sink, Source};
use composed::composed;
use manifest::Manifest;

const CONTRACT: [&str; 4] = ["k_sink", "k_ce_overrides", "pod_name", "pod_namespace"];

#[test]
fn the_build_commands_make_what_the_manifests_name() {
    for manifest in Manifest::all() {
        let (component, bridge) = manifest.build();
        assert_eq!(std::fs::read(component).unwrap(), HEARTBEATS);
        assert!(bridge.is_file(), "{}", bridge.display());
    }
}

#[test]
fn the_bridge_is_plugged_in_where_the_component_imports_its_environment() {
    for manifest in Manifest::all() {
        let key = manifest.dependency();
        assert!(key.starts_with("wasi:cli/environment@"), "{key}");
        let component = Interfaces::of(HEARTBEATS).imports;
        assert!(component.contains(key), "{key} is not in {component:?}");
        let (_, bridge) = manifest.build();
        assert_eq!(
            Interfaces::of(&std::fs::read(bridge).unwrap()).exports,
            BTreeSet::from([key.to_owned()])
        );
    }
}

#[test]
fn each_variable_of_the_contract_has_a_default_and_is_handed_on() {
    for manifest in Manifest::all() {
        for name in CONTRACT.iter().chain(&["sink_origin"]) {
            // Most Spins refuse an empty default of what a template names.
            assert_ne!(manifest.default_of(name), "", "{name}");
        }
        let handed_on = CONTRACT.map(|name| (name.to_owned(), format!("{{{{ {name} }}}}")));
        assert_eq!(manifest.variables(), BTreeSet::from(handed_on));
    }
}

#[test]
fn only_the_sink_and_the_cluster_may_be_reached() {
    for manifest in Manifest::all() {
        // No paths: with one among them Spin denies every request.
        assert_eq!(
            manifest.allowed_outbound_hosts(),
            [
                "{{ sink_origin }}",
                "http://*.svc.cluster.local",
                "https://*.svc.cluster.local"
            ]
        );
    }
}

#[test]
fn the_runtime_configuration_pools_and_is_for_the_component_of_the_manifests() {
    let config = manifest::read("deploy/spin/runtime-config.toml");

    assert_eq!(
        config["outbound_http"]["connection_pooling"].as_bool(),
        Some(true)
    );
    for manifest in Manifest::all() {
        let trusted = config["client_tls"][0]["component_ids"].as_array().unwrap();
        assert_eq!(trusted[..], [manifest.component().into()]);
    }
}

#[test]
fn composed_it_asks_for_variables_and_nothing_else_that_is_new() {
    let (with_bridge, _) = composed();
    let mut expected = Interfaces::of(HEARTBEATS);
    expected
        .imports
        .insert("fermyon:spin/variables@2.0.0".into());

    let interfaces = Interfaces::of(&std::fs::read(with_bridge).unwrap());

    assert_eq!(interfaces.imports, expected.imports);
    assert_eq!(interfaces.exports, expected.exports);
}

#[test]
fn variables_become_the_environment_and_arguments_come_through() {
    let sink = Sink::answering(202);

    spin_like()
        .set("SPIN_VARIABLE_K_SINK", sink.url() + "ns/broker?q=1")
        .set(
            "SPIN_VARIABLE_K_CE_OVERRIDES",
            r#"{"extensions":{"team":"blue"}}"#,
        )
        .set("SPIN_VARIABLE_POD_NAME", "of-a-variable")
        .set("SPIN_VARIABLE_POD_NAMESPACE", "hidden")
        .set("POD_NAMESPACE", "of-the-platform")
        .set("SPIN_VARIABLE_ONE_SHOT", "true")
        .flag("--label=seen")
        .run()
        .succeeded();

    let [event] = &sink.requests()[..] else {
        panic!("one event: {:#?}", sink.requests())
    };
    assert_eq!(event.target, "/ns/broker?q=1");
    assert_eq!(event.header("ce-team").as_deref(), Some("blue"));
    assert_eq!(event.json()["label"], "seen");
    let source = event.header("ce-source").unwrap();
    assert!(
        source.ends_with("#of-the-platform/of-a-variable"),
        "{source}"
    );
}

#[test]
fn variables_that_are_absent_are_absent_from_the_environment() {
    let ended = spin_like().run().failed();

    assert!(ended.stderr.contains("K_SINK"), "{ended:#?}");
}

#[test]
fn a_provider_that_fails_is_named_and_no_value_is_shown() {
    let sink = Sink::answering(202);

    let ended = spin_like()
        .set(
            "SPIN_VARIABLE_K_SINK",
            sink.url().replace("://", "://user:hunter2@"),
        )
        .set("SPIN_VARIABLE_POD_NAME", "p")
        .set("SPIN_VARIABLE_POD_NAMESPACE", "unreachable")
        .run();

    assert!(!ended.status.success());
    let line = "knative-env: cannot get the variable pod_namespace: the vault is sealed";
    assert!(ended.stderr.contains(line), "{ended:#?}");
    assert!(!ended.output().contains("hunter2"), "{ended:#?}");
    assert_eq!(sink.connections(), 0);
}

/// Under `wasmtime`, composed as Spin does it, and with a provider of variables.
fn spin_like() -> Source {
    let (_, with_provider) = composed();
    Source::in_wasmtime_as(with_provider)
}

//! The manifests in `deploy/`: each folder renders, each object fits its published schema, each Pod is restricted.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use heartbeats_host::manifest::documents;
use serde_json::{Value, json};

use crate::support::{python, root};

const KNATIVE: [&str; 3] = [
    "knative/container-source",
    "knative/cron-job",
    "knative/sink-binding",
];
const SPINKUBE: [&str; 3] = [
    "spinkube/container-source",
    "spinkube/sink-binding",
    "spinkube/spin-app",
];

/// Of many sources; both use `serve/base`.
const SERVE: [&str; 2] = ["serve/deployment", "serve/statefulset"];

#[test]
fn every_folder_renders_what_fits_the_schemas() {
    for base in KNATIVE.into_iter().chain(SPINKUBE).chain(SERVE) {
        let objects = objects(base);
        assert!(
            objects.len() >= 2,
            "{base}: the source and its network policy"
        );
    }
}

#[test]
fn no_folder_is_forgotten() {
    let mut found = Vec::new();
    for platform in ["knative", "serve", "spinkube"] {
        for base in std::fs::read_dir(root().join("deploy").join(platform)).unwrap() {
            let name = base.unwrap().file_name().into_string().unwrap();
            found.push(format!("{platform}/{name}"));
        }
    }
    found.sort();
    assert_eq!(
        found,
        [&KNATIVE[..], &["serve/base"], &SERVE, &SPINKUBE].concat()
    );
}

#[test]
fn what_does_not_fit_the_schemas_is_found() {
    let table = [
        ("spinkube/spin-app", "executor:", "exekutor:"),
        ("spinkube/spin-app", "replicas: 1", "replicas: one"),
        ("knative/sink-binding", "subject:", "subjekt:"),
        ("knative/sink-binding", "drop:", "dropp:"),
        ("spinkube/container-source", "runtimeClassName:", "runtime:"),
        ("knative/cron-job", "port: 53", "port: [53]"),
        ("serve/deployment", "maxUnavailable:", "maxUnavailabel:"),
        ("serve/statefulset", "podManagementPolicy:", "podPolicy:"),
    ];
    for (base, right, wrong) in table {
        let yaml = rendered(base);
        assert!(yaml.contains(right), "{right} is in {base}");
        let done = validate(&yaml.replace(right, wrong));
        assert!(!done.status.success(), "{wrong} in {base}");
    }
}

#[test]
fn the_container_source_is_the_original_s_but_for_the_image_and_restrictions() {
    let objects = objects("knative/container-source");
    let mut source = of_kind(&objects, "ContainerSource").clone();
    let container = &mut source["spec"]["template"]["spec"]["containers"][0];
    let container = container.as_object_mut().unwrap();
    for ours in ["image", "securityContext", "resources"] {
        assert!(container.remove(ours).is_some(), "{ours}");
    }
    let original = json!({
        "apiVersion": "sources.knative.dev/v1",
        "kind": "ContainerSource",
        "metadata": {"name": "test-heartbeats"},
        "spec": {
            "template": {"spec": {"containers": [{
                "name": "heartbeats",
                "args": ["--period=1"],
                "env": [
                    {"name": "POD_NAME", "value": "mypod"},
                    {"name": "POD_NAMESPACE", "value": "event-test"},
                ],
            }]}},
            "sink": {"ref": {"apiVersion": "v1", "kind": "Service", "name": "event-display"}},
        },
    });
    assert_eq!(source, original);
}

#[test]
fn every_container_is_restricted_and_limited() {
    for base in KNATIVE
        .into_iter()
        .chain(["spinkube/container-source"])
        .chain(SERVE)
    {
        let mut seen = 0;
        for object in objects(base) {
            each_container(&object, &mut |container| {
                seen += 1;
                let security = &container["securityContext"];
                assert_eq!(security["runAsNonRoot"], true, "{base}");
                assert_eq!(security["readOnlyRootFilesystem"], true, "{base}");
                assert_eq!(security["allowPrivilegeEscalation"], false, "{base}");
                assert_eq!(security["capabilities"], json!({"drop": ["ALL"]}), "{base}");
                let limits = &container["resources"]["limits"];
                assert!(limits["memory"].is_string(), "{base}");
                // Of the computing of many tenants as much as there is may be used.
                assert!(limits["cpu"].is_string() || SERVE.contains(&base), "{base}");
            });
        }
        assert_eq!(seen, 1, "{base}");
    }
}

#[test]
fn every_network_policy_lets_nobody_in_and_nothing_out_of_the_cluster() {
    for base in KNATIVE.into_iter().chain(SPINKUBE) {
        let objects = objects(base);
        let spec = &of_kind(&objects, "NetworkPolicy")["spec"];
        assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]), "{base}");
        assert_eq!(spec.get("ingress"), None, "{base}");
        for rule in spec["egress"].as_array().unwrap() {
            let to = rule["to"].as_array().unwrap();
            assert!(
                to.iter()
                    .all(|peer| peer.get("namespaceSelector").is_some()),
                "{base}: {rule}"
            );
        }
    }
}

#[test]
fn those_of_many_sources_let_in_to_the_admin_interface_alone() {
    for base in SERVE {
        let objects = objects(base);
        let spec = &of_kind(&objects, "NetworkPolicy")["spec"];
        assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]), "{base}");
        assert_eq!(
            spec["ingress"],
            json!([{"from": [{"podSelector": {}}], "ports": [{"port": "admin"}]}]),
            "{base}"
        );
        let out = spec["egress"].as_array().unwrap();
        assert!(out.iter().all(|rule| rule["ports"].is_array()), "{base}");
    }
}

#[test]
fn sources_fit_their_schema_and_the_reader() {
    let mut files: Vec<_> = std::fs::read_dir(root().join("deploy/examples"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for base in SERVE {
        let objects = objects(base);
        let data = of_kind(&objects, "ConfigMap")["data"].as_object().unwrap();
        files.extend(data.values().map(|text| text.as_str().unwrap().to_owned()));
    }
    assert!(files.len() > 2);
    for text in files {
        let done = validate(&text);
        assert!(
            done.status.success(),
            "{text}\n{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let wrong: Vec<_> = documents(&text).filter_map(Result::err).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

#[test]
fn a_source_that_does_not_fit_its_schema_is_found() {
    let text = std::fs::read_to_string(root().join("deploy/examples/interval.yaml")).unwrap();
    for (right, wrong) in [
        ("schedule: 5s", "schedule: 5"),
        ("sink:", "sinc:"),
        ("uri: \"http:", "uri: \"ftp:"),
        ("name: interval", "name: Interval"),
    ] {
        assert!(text.contains(right), "{right}");
        let text = text.replace(right, wrong);
        assert!(!validate(&text).status.success(), "{wrong}");
        assert!(documents(&text).any(|read| read.is_err()), "{wrong}");
    }
}

/// The base's objects, which fit their schemas.
fn objects(base: &str) -> Vec<Value> {
    let Output {
        status,
        stdout,
        stderr,
    } = validate(&rendered(base));
    assert!(
        status.success(),
        "{base}: {}",
        String::from_utf8_lossy(&stderr)
    );
    serde_json::from_slice(&stdout).unwrap()
}

fn rendered(base: &str) -> String {
    let mut kubectl = Command::new("kubectl");
    kubectl
        .arg("kustomize")
        .arg(root().join("deploy").join(base));
    let done = kubectl.output().unwrap_or_else(|e| panic!("kubectl: {e}"));
    assert!(
        done.status.success(),
        "{base}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).unwrap()
}

fn validate(yaml: &str) -> Output {
    let mut child = Command::new(python())
        .arg(root().join("tests/deployed/manifests/validate.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(yaml.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let found = objects.iter().find(|object| object["kind"] == kind);
    found.unwrap_or_else(|| panic!("a {kind}"))
}

/// Of whatever kind the object is: at any depth.
fn each_container(value: &Value, visit: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "containers" {
                    value.as_array().unwrap().iter().for_each(&mut *visit);
                } else {
                    each_container(value, visit);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| each_container(value, visit)),
        _ => {}
    }
}

use std::time::Duration;

use crate::manifest::{BackoffPolicy, Component, Schedule, documents};

use super::*;

mod schema;

const FULL: &str = r#"
apiVersion: sources.heartbeats.dev/v1alpha1
kind: WasmSource
metadata: {name: test-heartbeats, namespace: event-test, labels: {a: b}}
spec:
  sink: {uri: "http://127.0.0.1:8080/", CACerts: "", audience: ""}
  ceOverrides: {extensions: {Team: blue}}
  schedule: 5s
  startJitter: 1s
  component: {path: my.wasm}
  args: ["--label=x"]
  env: [{name: GREETING, value: hi}]
  delivery:
    retry: 3
    backoffPolicy: linear
    backoffDelay: PT0.1S
    timeout: PT2S
    retryAfterMax: PT30S
    deadLetterSink: {uri: "http://dead", audience: dead-letters}
  limits: {memory: 32Mi, cpu: 50ms}
  suspend: true
"#;

fn read(text: &str) -> Result<Source, Vec<String>> {
    let mut documents = documents(text);
    let document = documents.next().expect("a document");
    assert!(documents.next().is_none(), "one document");
    document.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[test]
fn every_field_has_its_meaning() {
    let source = read(FULL).unwrap();
    assert_eq!(source.key.to_string(), "event-test/test-heartbeats");
    assert!(source.suspend);
    let settings = source.settings;
    assert_eq!(&*settings.sink.uri, "http://127.0.0.1:8080/");
    assert_eq!(*settings.overrides, [("team".into(), "blue".into())]);
    assert_eq!(settings.schedule, Schedule::Every(Duration::from_secs(5)));
    assert_eq!(settings.start_jitter, Duration::from_secs(1));
    assert_eq!(settings.component, Component::File("my.wasm".into()));
    assert_eq!(*settings.args, ["--label=x".into()]);
    assert_eq!(*settings.env, [("GREETING".into(), "hi".into())]);
    assert_eq!(settings.delivery.retry, 3);
    assert_eq!(settings.delivery.backoff_policy, BackoffPolicy::Linear);
    assert_eq!(settings.delivery.backoff_delay, Duration::from_millis(100));
    assert_eq!(settings.delivery.timeout, Some(Duration::from_secs(2)));
    assert_eq!(settings.delivery.retry_after_max, Duration::from_secs(30));
    assert_eq!(
        (settings.sink.ca_certs, settings.sink.audience),
        (None, None)
    );
    let dead = settings.delivery.dead_letter_sink.as_ref().unwrap();
    assert_eq!(&*dead.uri, "http://dead");
    assert_eq!(dead.audience.as_ref().unwrap().to_string(), "dead-letters");
    assert_eq!(settings.limits.memory, 32 << 20);
    assert_eq!(settings.limits.cpu, Duration::from_millis(50));
}

#[test]
fn everything_that_is_wrong_is_told_with_its_line_and_field() {
    let text = r#"
apiVersion: v1
kind: Pod
metadata: {name: Wrong_Name}
spec:
  sink: {uri: sink.example, ref: x}
  ceOverrides: {extensions: {type: x}}
  schedule: 5ms
  timezone: Europe/Paris
  args: [1, "--nonsense"]
  env: [{name: K_SINK, value: x}]
  delivery: {retry: -1, backoffPolicy: quadratic, timeout: 10s}
  limits: {memory: 1Ki}
  suspend: "yes"
  sched: 1
"#;
    let problems = read(text).unwrap_err();
    for (line, field) in [
        (2, "apiVersion"),
        (3, "kind"),
        (4, "metadata.name"),
        (6, "spec.sink.uri"),
        (6, "spec.sink.ref"),
        (7, "spec.ceOverrides.extensions.type"),
        (8, "spec.schedule"),
        (9, "spec.timezone"),
        (10, "spec.args[0]"),
        (11, "spec.env[0].name"),
        (12, "spec.delivery.retry"),
        (12, "spec.delivery.backoffPolicy"),
        (12, "spec.delivery.timeout"),
        (13, "spec.limits.memory"),
        (14, "spec.suspend"),
        (15, "spec.sched"),
    ] {
        let start = format!("{line}: {field}: ");
        assert!(
            problems.iter().any(|problem| problem.starts_with(&start)),
            "{start} in {problems:#?}"
        );
    }
}

#[test]
fn flags_of_the_built_in_component_are_checked() {
    let text = FULL
        .replace("  component: {path: my.wasm}\n", "")
        .replace("--label=x", "--nonsense");
    let problems = read(&text).unwrap_err();
    assert!(
        problems[0].contains("spec.args") && problems[0].contains("nonsense"),
        "{problems:?}"
    );
}

#[test]
fn null_is_no_string_where_a_string_has_to_be() {
    let spec = "{sink: {uri: 'http://sink'}, schedule: 1s, args: [~], ceOverrides: {extensions: {a: null, b: '~'}}, \
                env: [{name: A, value: null}]}";
    let text = format!(
        "apiVersion: sources.heartbeats.dev/v1alpha1\nkind: WasmSource\nmetadata: {{name: a}}\nspec: {spec}\n"
    );
    let mut problems = read(&text).unwrap_err();
    problems.sort();
    let fields = ["spec.args[0]", "spec.ceOverrides.extensions.a"];
    assert_eq!(problems.len(), fields.len(), "{problems:?}");
    for (problem, field) in problems.iter().zip(fields) {
        let start = format!("4: {field}: ");
        assert!(
            problem.starts_with(&start) && problem.ends_with("is no string; put it in quotes"),
            "{problem}"
        );
    }
}

#[test]
fn a_variables_value_is_not_shown() {
    let text = "apiVersion: sources.heartbeats.dev/v1alpha1\nkind: WasmSource\nmetadata: {name: a}\n\
                spec: {sink: {uri: 'http://sink'}, schedule: 1s, env: [{name: PASSWORD, value: 31415926}]}\n";
    assert_eq!(
        read(text).unwrap_err(),
        ["4: spec.env[0].value: is no string; put it in quotes"]
    );
}

#[test]
fn what_is_missing_is_named() {
    let problems = read(
        "apiVersion: sources.heartbeats.dev/v1alpha1\nkind: WasmSource\nmetadata: {}\nspec: {}\n",
    )
    .unwrap_err();
    for field in ["metadata.name", "spec.sink", "spec.schedule"] {
        assert!(
            problems.iter().any(|problem| problem.contains(field)),
            "{field} in {problems:?}"
        );
    }
}

#[test]
fn a_sink_that_cannot_be_trusted_or_told_who_sends_is_refused() {
    let sink = |fields: &str| {
        read(&FULL.replace("CACerts: \"\", audience: \"\"", fields))
            .map(|source| source.settings.sink)
    };
    let certificate = rcgen::generate_simple_self_signed(vec!["authority".to_owned()]).unwrap();
    let pem = serde_json::to_string(&certificate.cert.pem()).unwrap();
    assert!(sink(&format!("CACerts: {pem}")).unwrap().ca_certs.is_some());
    for (fields, field, told) in [
        ("CACerts: hello", "spec.sink.CACerts", "it must be PEM text"),
        (
            &*format!("CACerts: {}\"", &pem[..200]),
            "spec.sink.CACerts",
            "; mend or remove it",
        ),
        ("CACerts: [1]", "spec.sink.CACerts", "is no string"),
        ("audience: 5", "spec.sink.audience", "put it in quotes"),
        (
            "audience: \"a\\nb\"",
            "spec.sink.audience",
            "is no audience; write",
        ),
    ] {
        let problems = sink(fields).unwrap_err();
        assert!(
            problems[0].starts_with(&format!("6: {field}: ")) && problems[0].contains(told),
            "{problems:?}"
        );
    }
    let both = FULL
        .replace("127.0.0.1:8080", "me:secret@127.0.0.1")
        .replace("audience: \"\"", "audience: sink");
    let problems = read(&both).unwrap_err();
    assert!(
        problems[0].starts_with("6: spec.sink.audience: ") && problems[0].contains("; remove one"),
        "{problems:?}"
    );
    assert!(!problems.concat().contains("secret"), "{problems:?}");
}

#[test]
fn a_password_in_a_sink_is_not_told() {
    let problems = read(&FULL.replace("http://127.0.0.1:8080/", "u:secret@h")).unwrap_err();
    assert!(!problems.concat().contains("secret"), "{problems:?}");
}

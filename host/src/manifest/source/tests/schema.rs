//! The JSON Schema that is shipped says the same as the reader.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::manifest::documents;

const SCHEMA: &str = include_str!("../../../../../deploy/wasmsource.schema.json");

/// Objects with a wrong field each: the reader answers with the fields that there are.
const OBJECTS: [(&str, &str); 9] = [
    ("/properties", "{nonsense: 1}"),
    (
        "/properties/metadata/properties",
        "{metadata: {nonsense: 1}}",
    ),
    ("/properties/spec/properties", "{spec: {nonsense: 1}}"),
    ("/$defs/sink/properties", "{spec: {sink: {nonsense: 1}}}"),
    (
        "/properties/spec/properties/ceOverrides/properties",
        "{spec: {ceOverrides: {nonsense: 1}}}",
    ),
    (
        "/properties/spec/properties/component/properties",
        "{spec: {component: {nonsense: 1}}}",
    ),
    (
        "/properties/spec/properties/env/items/properties",
        "{spec: {env: [{nonsense: 1}]}}",
    ),
    (
        "/properties/spec/properties/delivery/properties",
        "{spec: {delivery: {nonsense: 1}}}",
    ),
    (
        "/properties/spec/properties/limits/properties",
        "{spec: {limits: {nonsense: 1}}}",
    ),
];

#[test]
fn it_has_the_fields_that_are_read() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for (pointer, text) in OBJECTS {
        let problems = documents(text).next().unwrap().unwrap_err();
        let problem = problems
            .iter()
            .find(|problem| problem.text.starts_with("is no field; there are "))
            .unwrap();
        let known: BTreeSet<&str> = problem.text["is no field; there are ".len()..]
            .split(", ")
            .collect();
        let described = schema.pointer(pointer).unwrap().as_object().unwrap();
        let described: BTreeSet<&str> = described.keys().map(String::as_str).collect();
        assert_eq!(known, described, "{pointer}");
    }
}

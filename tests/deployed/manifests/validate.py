"""Reads Kubernetes objects as YAML, validates them, prints them as JSON; exit status 1, with all faults, if one is wrong.

Kubernetes' own kinds go by the schemas of the package kubernetes-validate, the custom ones by those in schemas/, ours by
the schema that we ship. As a strict API server does, it refuses fields that no schema knows.
"""

import json
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml

KUBERNETES = "1.34"
CUSTOM = {
    ("sources.knative.dev/v1", "ContainerSource"): "container-source",
    ("sources.knative.dev/v1", "SinkBinding"): "sink-binding",
    ("core.spinkube.dev/v1alpha1", "SpinApp"): "spin-app",
}
OURS = ("sources.heartbeats.dev/v1alpha1", "WasmSource")
OUR_SCHEMA = Path(__file__).parents[3] / "deploy/wasmsource.schema.json"


def closed(schema):
    """The schema, refusing unknown fields wherever it lists the known ones and does not say to keep others."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    return result


def faults(document):
    kind = (document.get("apiVersion"), document.get("kind"))
    if kind == OURS:
        for error in jsonschema.Draft202012Validator(json.loads(OUR_SCHEMA.read_text())).iter_errors(document):
            yield f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        return
    if kind not in CUSTOM:
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{'.'.join(map(str, error.path))}: {error.message}"
        return
    unknown = set(document) - {"apiVersion", "kind", "metadata", "spec"}
    if unknown:
        yield f"unknown fields: {sorted(unknown)}"
    schema = yaml.safe_load((Path(__file__).parent / "schemas" / f"{CUSTOM[kind]}.yaml").read_text())
    for error in jsonschema.Draft7Validator(closed(schema)).iter_errors(document["spec"]):
        yield f"spec.{'.'.join(map(str, error.absolute_path))}: {error.message}"
    # A ContainerSource takes any Pod template; the Deployment that Knative makes of it does not.
    template = document["spec"].get("template") if kind[1] == "ContainerSource" else None
    if template is not None:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, **template}
        yield from (f"spec.template.{fault}" for fault in faults(pod))


documents = list(yaml.safe_load_all(sys.stdin))
found = [
    f"{document['kind']} {document['metadata']['name']}: {fault}" for document in documents for fault in faults(document)
]
json.dump(documents, sys.stdout)
sys.exit("\n".join(found) or 0)

#!/usr/bin/env python3
"""Packs a component into a folder in OCI's image layout, as a Wasm OCI artifact: `pack.py COMPONENT WIT FOLDER`.

WIT is the component's world as `wasm-tools component wit` prints it. The format is the CNCF's "Wasm OCI Artifact
Layout", which wkg, Spin, wasmCloud and runwasi read. The same component makes the same bytes.
"""

import hashlib
import json
import re
import sys
from pathlib import Path


def main(component, wit, folder):
    blobs = Path(folder, "blobs", "sha256")
    blobs.mkdir(parents=True)

    def blob(media_type, data):
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def document(media_type, content):
        return blob(media_type, json.dumps(content).encode())

    layer = blob("application/wasm", Path(component).read_bytes())
    world = re.search(r"world root \{(.*?)\n\}", Path(wit).read_text(), re.DOTALL)[1]
    interfaces = {way: re.findall(rf"\b{way} (\S+);", world) for way in ("import", "export")}
    config = document(
        "application/vnd.wasm.config.v0+json",
        {
            "created": "1970-01-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer["digest"]],
            "component": {"imports": interfaces["import"], "exports": interfaces["export"]},
        },
    )
    media_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = document(
        media_type, {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer]}
    )
    Path(folder, "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    Path(folder, "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


main(*sys.argv[1:])

"""The JSON schema of manifest.json: `python -m tests.bundle.schema > docs/bundle.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from edgekit.bundle.manifest import FORMAT, Manifest


def schema() -> dict[str, Any]:
    """As the structures are, but that unknown fields are fine and the format is this one."""
    (found,), components = msgspec.json.schema_components([Manifest], ref_template="#/$defs/{name}")
    for component in components.values():
        component.pop("additionalProperties", None)
    components["Manifest"]["properties"]["format"] = {"const": FORMAT}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"manifest.json of an edgekit bundle, format {FORMAT}"}  # fmt: skip
    plain: dict[str, Any] = json.loads(json.dumps(head | found | {"$defs": components}))
    return plain


if __name__ == "__main__":
    json.dump(schema(), sys.stdout, indent=2)
    print()

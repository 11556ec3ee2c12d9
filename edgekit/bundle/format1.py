"""Bundles of format 1, which edgekit wrote before 0.1.0, as format 2."""

from __future__ import annotations

from typing import Any

KINDS = {"litert": "tflite", "openvino": "openvino-ir"}  # what artifacts were called
MOVED = ("family", "signatures", "settings", "parameters", "noise", "range_doubt", "license",
         "notes", "remarks")  # fmt: skip
ASSETS = {"golden": "golden.npz", "recipe": "recipe.toml"}


def upgraded(told: dict[str, Any]) -> dict[str, Any]:
    """The JSON of a manifest of format 1 as one of format 2; what is wrong in it stays wrong.

    Format 1 had one artifact: engine, files and threads stood in the manifest itself, and what is
    known of the net in a `model` of its own.
    """
    kept = {name: value for name, value in told.items()
            if name not in ("format", "engine", "model", "threads")}  # fmt: skip
    model = told.get("model")
    model = model if isinstance(model, dict) else {}
    files, engine = model.get("files"), told.get("engine")
    artifact = {
        "engine": engine,
        "format": KINDS.get(str(model.get("kind")), model.get("kind")),
        "signatures": {name: {"file": file} for name, file in files.items()}
        if isinstance(files, dict)
        else files,
        "device": {"threads": told.get("threads", 1)},
    }
    listed = told.get("files")
    there = listed if isinstance(listed, dict) else {}
    assets = {name: file for name, file in ASSETS.items() if file in there}
    moved = {name: model[name] for name in MOVED if name in model}
    return kept | moved | {"format": 2, "artifacts": [artifact], "assets": assets}

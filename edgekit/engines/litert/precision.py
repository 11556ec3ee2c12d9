"""Per-layer precisions of LiteRT graphs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.engines.litert.file import LAYERS, read_graph

# Blocks of 32 weights that share a scale are for dense layers, whose inputs must be so many times.
RULES: dict[str, dict[str, Any]] = {
    "16x8": {"mode": "static", "activations": 16},
    "w8a8": {"mode": "dynamic"},
    "w8": {"mode": "weights"},
    "w4": {"mode": "dynamic", "bits": 4},
    "w4b32": {"mode": "dynamic", "bits": 4, "op": "FULLY_CONNECTED", "granularity": "block-32"},
    "w2b32": {"mode": "dynamic", "bits": 2, "op": "FULLY_CONNECTED", "granularity": "block-32"},
}
PRECISIONS = tuple(RULES)
USUAL = ("w8a8", "w8", "w4", "w4b32", "w2b32")
REWRITES = ({"pass": "rewrite"},)


def layers(path: Path) -> dict[str, int]:
    """The layers with constant weights, in order of execution: name and number of weights."""
    graph = read_graph(path)
    found = {}
    for op in graph.ops:
        layer = LAYERS.get(op.name)
        if layer is None:
            continue
        weights = graph.tensors[op.inputs[layer.weights]]
        if weights.bytes:
            elements = 1
            for size in weights.shape:
                elements *= size
            found[graph.tensors[op.outputs[0]].name] = elements
    return found


def passes(assignment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The passes that give each layer its precision; layers that are absent stay in float."""
    rules = []
    for precision, rule in RULES.items():
        names = [name for name, wanted in assignment.items() if wanted == precision]
        if names:
            # The quantizer looks for the pattern in an op's output names, each ended by `;`.
            rules.append(rule | {"layers": "^(" + "|".join(map(re.escape, names)) + ");"})
    return [{"pass": "quantize", "rules": rules}] if rules else []

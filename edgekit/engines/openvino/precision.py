"""Per-layer precisions of OpenVINO graphs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekit.engines.openvino.graph import weighted_layers
from edgekit.engines.openvino.passes.quantize import PREPARED

PRECISIONS = USUAL = ("w8a8", "w8", "w4")
# The others pay in some nets only.
REWRITES = ({"pass": "rewrite", "rewrites": list(PREPARED)},)


def layers(path: Path) -> dict[str, int]:
    """The layers with constant weights, in order of execution: name and number of weights."""
    import openvino

    return weighted_layers(openvino.Core().read_model(str(path)))


def passes(assignment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The passes that give each layer its precision; layers that are absent stay in float."""

    def having(precision: str) -> list[str]:
        return [name for name, wanted in assignment.items() if wanted == precision]

    found: list[dict[str, Any]] = []
    if only := having("w8a8"):
        found.append({"pass": "quantize", "only": only})
    if only := having("w8"):
        found.append({"pass": "compress", "bits": 8, "only": only})
    if only := having("w4"):
        found.append({"pass": "compress", "bits": 4, "group_size": 64, "only": only})
    return found

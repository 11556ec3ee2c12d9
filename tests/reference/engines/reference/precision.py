"""Per-layer precisions of reference nets: weights of 8 and 4 bits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.reference.net import load

PRECISIONS = USUAL = ("w8", "w4")
REWRITES = ({"pass": "rewrite"},)


def layers(path: Path) -> dict[str, int]:
    """The layers by number, and how many weights each has."""
    return {str(k): kernel.size for k, kernel in enumerate(load(path).kernels)}


def passes(assignment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The pass that gives each layer its precision; layers that are absent stay in float."""
    bits = {name: int(precision[1:]) for name, precision in assignment.items()}
    return [{"pass": "quantize", "bits_of": bits}] if bits else []

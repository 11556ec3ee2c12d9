"""Recipes for the reference engine: rewritten or not, in float or in 8 or 4 bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.engines.reference.passes.rewrite import Options

from edgekit.engines._space import REWRITTEN, Pick, may_be_left_out, rewriting, without_each

METHODS = ("float32", "weights")
SEEDS: dict[str, dict[str, Any]] = {
    "float32": {"method": "float32", "rewrites": False},
    "float32+rewrites": {"method": "float32"} | REWRITTEN,
}


def narrowed(folders: Sequence[Path]) -> dict[str, tuple[Any, ...]]:
    """A rewrite that applied may be left out."""
    files = [file for folder in folders for file in folder.glob("*.refnet")]
    return {"left_out": may_be_left_out("reference", files)}


def variants(
    options: Mapping[str, Any], choices: Mapping[str, tuple[Any, ...]]
) -> dict[str, dict[str, Any]]:
    """Each rewrite left out of them all."""
    return without_each(options, choices)


def passes(method: str, pick: Pick) -> list[dict[str, Any]]:
    """The passes of a method, its options picked."""
    found = [{"pass": "lower"}, *rewriting(pick, Options().rewrites)]
    if method == "float32":
        return found
    return [*found, {"pass": "quantize", "bits": pick("bits", (8, 4))}]


def other_forms(
    passes: Sequence[Mapping[str, Any]], files: Sequence[Path]
) -> dict[str, tuple[str, list[Mapping[str, Any]]]]:
    """None."""
    return {}

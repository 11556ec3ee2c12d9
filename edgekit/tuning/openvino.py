"""Recipes for OpenVINO: NNCF's static quantization and weight compression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.tuning import ROWS, Pick

METHODS = ("float32", "float16", "static", "weights-8", "weights-4")
STATIC = {"preset": "mixed", "ranges": "extremes", "bias_correction": "fast", "smooth_quant": None}
FOUR = {"group_size": 64, "scale_estimation": True, "awq": False, "correction": "none"}
SEEDS: dict[str, dict[str, Any]] = {
    "float32": {"method": "float32"},
    "float16": {"method": "float16"},
    "int8-weights": {"method": "weights-8"},
    "int8": {"method": "static", "rows": 64} | STATIC,
    "int4-weights": {"method": "weights-4", "rows": 64} | FOUR,
}


def narrowed(folders: Sequence[Path]) -> dict[str, tuple[Any, ...]]:
    """Nothing depends on the net: NNCF takes a smaller group, or 8 bits, where one does not fit."""
    return {}


def variants(
    options: Mapping[str, Any], choices: Mapping[str, tuple[Any, ...]]
) -> dict[str, dict[str, Any]]:
    """None."""
    return {}


def passes(method: str, pick: Pick) -> list[dict[str, Any]]:
    """The passes of a method, its options picked."""
    lowering = {"pass": "lower-openvino", "float16": method == "float16"}
    make = {"static": static, "weights-8": eight_bits, "weights-4": four_bits}.get(method)
    return [lowering, make(pick)] if make else [lowering]


def static(pick: Pick) -> dict[str, Any]:
    """8-bit weights and activations, calibrated."""
    return {
        "pass": "quantize-openvino",
        "preset": pick("preset", ("mixed", "performance")),
        "ranges": pick("ranges", ("extremes", "mean", "quantile")),
        "bias_correction": pick("bias_correction", ("fast", "full", "none")),
        "smooth_quant": pick("smooth_quant", (None, -1, 0.5, 0.8)),
        "rows": pick("rows", ROWS),
    }


def eight_bits(pick: Pick) -> dict[str, Any]:
    """8-bit weights."""
    return {"pass": "compress-openvino", "bits": 8}


def four_bits(pick: Pick) -> dict[str, Any]:
    """4-bit weights of dense layers, 8-bit ones of the others."""
    entry = {
        "pass": "compress-openvino",
        "bits": 4,
        "group_size": pick("group_size", (32, 64, 128, -1)),
        "scale_estimation": pick("scale_estimation", (False, True)),
        "awq": pick("awq", (False, True)),
        "correction": pick("correction", ("none", "gptq", "lora")),
    }
    calibrates = entry["scale_estimation"] or entry["awq"] or entry["correction"] != "none"
    return entry | ({"rows": pick("rows", ROWS)} if calibrates else {})

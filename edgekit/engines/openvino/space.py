"""Recipes for OpenVINO: NNCF's static quantization and weight compression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.engines._space import REWRITTEN, ROWS, Pick, may_be_left_out, rewriting, without_each
from edgekit.engines.openvino.graph import dense_widths
from edgekit.engines.openvino.passes.quantize import PREPARED
from edgekit.engines.openvino.passes.rewrite import Options

METHODS = ("float32", "float16", "static", "weights-8", "weights-4")
GROUPS = (32, 64, 128, -1)
STATIC = {"preset": "mixed", "ranges": "extremes", "bias_correction": "fast", "smooth_quant": None}
FOUR = {"group_size": 64, "scale_estimation": True, "awq": False, "correction": "none"}
AUTO: dict[str, dict[str, Any]] = {
    "float32": {"method": "float32"},
    "int8-weights": {"method": "weights-8"},
    "int8": {"method": "static", "rows": 64} | STATIC,
    "int8-symmetric": {"method": "static", "rows": 64} | STATIC | {"preset": "performance"},
    "int4-weights": {"method": "weights-4", "rows": 64} | FOUR,
}
SEEDS: dict[str, dict[str, Any]] = {
    "float16": {"method": "float16"},
    **{name: options | {"rewrites": False} for name, options in AUTO.items()},
    **{f"{name}+rewrites": options | REWRITTEN for name, options in AUTO.items()},
}


def narrowed(folders: Sequence[Path]) -> dict[str, tuple[Any, ...]]:
    """Where no dense layer's inputs are a multiple of a group, 4 bits are for whole channels only.

    (NNCF keeps 8 bits there without a word; the group of recipe `int4-weights` must be there.)
    """
    import openvino

    files = [file for folder in folders for file in folder.glob("*.xml")]
    graphs = [openvino.Core().read_model(str(file)) for file in files]
    widths = {width for graph in graphs for width in dense_widths(graph)}
    fits = any(width % GROUPS[0] == 0 for width in widths)
    groups = {} if fits else {"group_size": (FOUR["group_size"], -1)}
    return {"left_out": may_be_left_out("openvino", files)} | groups


def variants(
    options: Mapping[str, Any], choices: Mapping[str, tuple[Any, ...]]
) -> dict[str, dict[str, Any]]:
    """Each rewrite left out of them all, but what static quantization does anyway."""
    kept = PREPARED if options["method"] == "static" else ()
    left_out = tuple(name for name in choices["left_out"] if name not in kept)
    return without_each(options, {"left_out": left_out if len(left_out) > 2 else ("none",)})


def passes(method: str, pick: Pick) -> list[dict[str, Any]]:
    """The passes of a method, its options picked."""
    lowering = {"pass": "lower", "float16": method == "float16"}
    if method == "float16":
        return [lowering]
    make = {"static": static, "weights-8": eight_bits, "weights-4": four_bits}.get(method)
    found = [lowering, *rewriting(pick, Options().rewrites)]
    return [*found, make(pick)] if make else found


def static(pick: Pick) -> dict[str, Any]:
    """8-bit weights and activations, calibrated."""
    return {
        "pass": "quantize",
        "preset": pick("preset", ("mixed", "performance")),
        "ranges": pick("ranges", ("extremes", "mean", "quantile")),
        "bias_correction": pick("bias_correction", ("fast", "full", "none")),
        "smooth_quant": pick("smooth_quant", (None, -1, 0.5, 0.8)),
        "rows": pick("rows", ROWS),
    }


def eight_bits(pick: Pick) -> dict[str, Any]:
    """8-bit weights."""
    return {"pass": "compress", "bits": 8}


def four_bits(pick: Pick) -> dict[str, Any]:
    """4-bit weights of dense layers, 8-bit ones of the others."""
    entry = {
        "pass": "compress",
        "bits": 4,
        "group_size": pick("group_size", GROUPS),
        "scale_estimation": pick("scale_estimation", (False, True)),
        "awq": pick("awq", (False, True)),
        "correction": pick("correction", ("none", "gptq", "lora")),
    }
    calibrates = entry["scale_estimation"] or entry["awq"] or entry["correction"] != "none"
    return entry | ({"rows": pick("rows", ROWS)} if calibrates else {})


def other_forms(
    passes: Sequence[Mapping[str, Any]], files: Sequence[Path]
) -> dict[str, tuple[str, list[Mapping[str, Any]]]]:
    """None: OpenVINO's scales take little beside the weights."""
    return {}

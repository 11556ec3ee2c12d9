"""Recipes for LiteRT: exact rewrites, litert-quantizer's modes, TensorFlow's own quantization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.litert_file import dense_widths
from edgekit.passes.rewrite_litert import Options
from edgekit.tuning import REWRITTEN, ROWS, Pick, may_be_left_out, rewriting, without_each

METHODS = ("float32", "float16", "weights", "dynamic", "static", "converter")
# Dense layers may take fewer bits than the rest: often most of the weights, seldom of the quality;
# or one scale for all channels, where a scale for each weighs more than it wins.
DENSE: dict[str, dict[str, Any]] = {
    "8": {},
    "8-tensor": {"granularity": "tensor"},
    "4": {"bits": 4},
    "4-block-32": {"bits": 4, "granularity": "block-32"},
    "4-block-64": {"bits": 4, "granularity": "block-64"},
    "4-block-128": {"bits": 4, "granularity": "block-128"},
    "2-block-32": {"bits": 2, "granularity": "block-32"},
}
PLAIN = {"granularity": "channel", "dense": "8"}
AUTO: dict[str, dict[str, Any]] = {
    "float32": {"method": "float32"},
    "int8-weights": {"method": "weights"} | PLAIN,
    "int8-dynamic": {"method": "dynamic"} | PLAIN,
    "int8": {"method": "static", "activations": 8, "ranges": "extremes", "rows": 64} | PLAIN,
    "int4-weights": {"method": "dynamic"} | PLAIN | {"dense": "4"},
}
SEEDS: dict[str, dict[str, Any]] = {
    "float16": {"method": "float16"},
    "int8-dynamic-tf": {"method": "converter", "converter": "dynamic"},
    "int8-tf": {"method": "converter", "converter": "int8", "rows": 64},
    **{name: options | {"rewrites": False} for name, options in AUTO.items()},
    **{f"{name}+rewrites": options | REWRITTEN for name, options in AUTO.items()},
}


def narrowed(folders: Sequence[Path]) -> dict[str, tuple[Any, ...]]:
    """Blocks must divide the inputs of a dense layer; a rewrite that applied may be left out.

    Without dense layers nothing has shared scales.
    """
    files = [file for folder in folders for file in folder.glob("*.tflite")]
    widths = {width for file in files for width in dense_widths(file).values()}

    def fits(granularity: str) -> bool:
        if granularity == "tensor":
            return bool(widths)
        size = granularity.removeprefix("block-")
        return not size.isdigit() or any(width % int(size) == 0 for width in widths)

    kept = (name for name, rule in DENSE.items() if fits(rule.get("granularity", "")))
    return {
        "dense": tuple(kept),
        "left_out": may_be_left_out("litert", files),
    }


def variants(
    options: Mapping[str, Any], choices: Mapping[str, tuple[Any, ...]]
) -> dict[str, dict[str, Any]]:
    """Each rewrite left out of them all, and shared scales: not every net is better with them."""
    found = without_each(options, choices)
    if options.items() >= PLAIN.items() and "8-tensor" in choices["dense"]:
        found["with shared scales"] = {**options, "dense": "8-tensor"}
    return found


def passes(method: str, pick: Pick) -> list[dict[str, Any]]:
    """The passes of a method, its options picked."""
    if method == "float16":
        return [{"pass": "lower-litert", "quantize": "float16"}]
    if method == "converter":
        kind = pick("converter", ("dynamic", "int8", "int8x16"))
        calibration = {} if kind == "dynamic" else {"rows": pick("rows", ROWS)}
        return [{"pass": "lower-litert", "quantize": kind} | calibration]
    found = [{"pass": "lower-litert"}, *rewriting(pick, "rewrite-litert", Options().rewrites)]
    return found if method == "float32" else [*found, quantization(method, pick)]


def quantization(mode: str, pick: Pick) -> dict[str, Any]:
    """The pass of litert-quantizer: one rule for everything, and one for dense layers."""
    rule: dict[str, Any] = {"mode": mode, "granularity": pick("granularity", ("channel", "tensor"))}
    dense = DENSE[pick("dense", tuple(DENSE))]
    entry: dict[str, Any] = {"pass": "quantize-litert"}
    if mode == "static":
        rule["activations"] = pick("activations", (8, 16))
        entry["ranges"] = pick("ranges", ("extremes", "moving-average"))
        entry["rows"] = pick("rows", ROWS)
    return entry | {"rules": [rule, dense_rule(rule, dense)] if dense else [rule]}


def dense_rule(rule: dict[str, Any], dense: dict[str, Any]) -> dict[str, Any]:
    """The rule of dense layers, beside that of everything."""
    if "bits" in dense:
        # There are no static kernels for fewer bits, and none at all that compute blocks in float.
        kept = rule["mode"] == "weights" and "granularity" not in dense
        rule = {"mode": "weights" if kept else "dynamic"}
    return rule | {"op": "FULLY_CONNECTED"} | dense

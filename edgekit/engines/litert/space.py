"""Recipes for LiteRT: exact rewrites, litert-quantizer's modes, TensorFlow's own quantization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.engines._space import REWRITTEN, ROWS, Pick, may_be_left_out, rewriting, without_each
from edgekit.engines.litert.file import dense_tables, dense_widths
from edgekit.engines.litert.passes.rewrite import Options

TABLES = 0.01  # of an artifact: smaller tables are not worth a trial
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
        return [{"pass": "lower", "quantize": "float16"}]
    if method == "converter":
        kind = pick("converter", ("dynamic", "int8", "int8x16"))
        calibration = {} if kind == "dynamic" else {"rows": pick("rows", ROWS)}
        return [{"pass": "lower", "quantize": kind} | calibration]
    found = [{"pass": "lower"}, *rewriting(pick, Options().rewrites)]
    return found if method == "float32" else [*found, quantization(method, pick)]


def quantization(mode: str, pick: Pick) -> dict[str, Any]:
    """The pass of litert-quantizer: one rule for everything, and one for dense layers."""
    rule: dict[str, Any] = {"mode": mode, "granularity": pick("granularity", ("channel", "tensor"))}
    dense = DENSE[pick("dense", tuple(DENSE))]
    entry: dict[str, Any] = {"pass": "quantize"}
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


def other_forms(
    passes: Sequence[Mapping[str, Any]], files: Sequence[Path]
) -> dict[str, tuple[str, list[Mapping[str, Any]]]]:
    """The same passes with one scale for all channels of a dense layer, where that may pay.

    LiteRT stores 12 bytes of scale and zero point for each channel, beside 100 of weights for 100
    inputs. One scale for all costs some fidelity instead.
    """
    changed = [with_shared_scales(entry) for entry in passes]
    share = sum(map(dense_tables, files)) / sum(file.stat().st_size for file in files)
    if changed == list(passes) or share < TABLES:
        return {}
    return {"with shared scales": ("one scale for all channels of a dense layer", changed)}


def with_shared_scales(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pass with one scale for each dense layer, if it quantizes all layers alike in 8 bits."""
    rules = entry["rules"] if entry["pass"] == "quantize" else []
    if len(rules) != 1 or (rules[0]["bits"], rules[0]["granularity"]) != (8, "channel"):
        return entry
    dense = rules[0] | {"op": "FULLY_CONNECTED", "granularity": "tensor"}
    return {**entry, "rules": [*rules, dense]}

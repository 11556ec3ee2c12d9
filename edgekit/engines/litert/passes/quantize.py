"""Post-training quantization of LiteRT graphs with litert-quantizer.

Rules apply in order, a later one replacing an earlier one on the ops that both match. Ops that
the quantizer cannot take at a precision keep what an earlier rule gave them: so `int4` of dense
layers over `int8` of everything is never larger than int8 alone. So do dense layers whose inputs
are no multiple of a block. Convolutions with computed weights (StyleGAN2's modulation, dynamic
filters) are left in float by static rules: no integer kernel takes such weights rightly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from edgekit.engines.litert.file import check_weights_present, computed_convolutions, dense_widths
from edgekit.engines.litert.grid import regridded
from edgekit.engines.litert.pack import raise_versions
from edgekit.engines.litert.passes._large_weights import in_pieces
from edgekit.errors import PassError
from edgekit.model import Model, Signature
from edgekit.passes._context import Array, Context, artifact, calibration_rows, with_files
from edgekit.reason import reason
from edgekit.typed import Typed

TAKES, GIVES = "tflite", "tflite"
NEEDS = ("litert_quantizer", "ai_edge_litert")
GRANULARITY = {"tensor": "TENSORWISE", "channel": "CHANNELWISE", "block-32": "BLOCKWISE_32",
               "block-64": "BLOCKWISE_64", "block-128": "BLOCKWISE_128"}  # fmt: skip


class Rule(Typed, frozen=True):
    """What to do with ops whose output name matches `layers` and whose type is `op`.

    `mode`: dynamic (activations quantized at run time), weights (stored small, computed in
    float), static (calibrated activations of `activations` bits), float (leave alone). `grid`: of
    the 8 bits that weights are stored and computed in, so many are used, and packed files are
    smaller.
    """

    mode: Literal["dynamic", "weights", "static", "float"] = "dynamic"
    op: str = "*"
    layers: str = ".*"
    bits: Literal[8, 4, 2] = 8
    activations: Literal[8, 16] = 8
    granularity: Literal["tensor", "channel", "block-32", "block-64", "block-128"] = "channel"
    grid: Literal[1, 2, 3, 4, 5, 6, 7] | None = None


class Options(Typed, frozen=True):
    """The rules, first to last.

    `ranges` is how calibration batches combine into the range of a static activation: extremes
    keeps every value seen; moving-average, the quantizer's own default, clips the rare ones, which
    in generators carry the picture. `rows` is how many draws calibrate, None for all there are.
    """

    rules: tuple[Rule, ...] = (Rule(),)
    ranges: Literal["extremes", "moving-average"] = "extremes"
    rows: int | None = None

    def calibrates(self) -> bool:
        """Whether the pass reads calibration data."""
        return any(rule.mode == "static" for rule in self.rules)


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Quantize every signature; raises PassError when the quantizer refuses the graph."""
    for rule in options.rules:
        if rule.grid and (rule.mode == "float" or rule.bits != 8):
            raise PassError("quantize-litert: a grid is of weights in 8 bits, in no other rule")
        if not any(fitted(rule, ctx.source / file) for file in model.files.values()):
            size = rule.granularity.removeprefix("block-")
            raise PassError(
                f"quantize-litert: blocks of {size} weights divide no dense layer's inputs"
            )
    for name, signature in model.signatures.items():
        content = quantize(name, signature, model, options, ctx)
        artifact(ctx, name, ".tflite").write_bytes(content)
    result = with_files(model, GIVES, ".tflite")
    check_weights_present([ctx.output / file for file in result.files.values()], model.parameters)
    return result


def quantize(
    name: str, signature: Signature, model: Model, options: Options, ctx: Context
) -> bytes:
    """One signature as the content of a quantized .tflite file."""
    from litert_quantizer import quantizer

    path = ctx.source / model.files[name]
    rules = [rule for each in options.rules if (rule := fitted(each, path))]
    if options.calibrates() and (computed := computed_convolutions(path)):
        rules.append(Rule(mode="float", layers=matching(computed)))
    if not rules:
        return path.read_bytes()
    try:
        tool = quantizer.Quantizer(str(path))
        for rule in rules:
            add_rule(tool, rule)
        statistics = None
        if tool.need_calibration:
            rows = calibration_rows(ctx, name, signature, options.rows)
            statistics = calibrate(path, tool.get_quantization_recipe(), rows, options.ranges)
        with in_pieces():
            made = raise_versions(bytes(tool.quantize(statistics).quantized_model))
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise PassError(
            f"quantize-litert: {name}: litert-quantizer refused the graph: {reason(error)}"
        ) from None
    return regridded(made, path, partial(grid_of, rules)) if any(r.grid for r in rules) else made


def grid_of(rules: Sequence[Rule], layer: str, kind: str) -> int | None:
    """The grid of a layer, by the name of its output and its type: that of the last rule for it."""
    found = [r for r in rules if r.op in ("*", kind) and re.search(r.layers, f"{layer};")]
    return found[-1].grid if found else None


def fitted(rule: Rule, path: Path) -> Rule | None:
    """The rule for those layers of a file that its blocks divide; None when there is none."""
    if not rule.granularity.startswith("block-"):
        return rule
    size = int(rule.granularity.removeprefix("block-"))
    fit = [name for name, width in dense_widths(path).items()
           if width % size == 0 and re.search(rule.layers, f"{name};")]  # fmt: skip
    if not fit:
        return None
    return msgspec.structs.replace(rule, op="FULLY_CONNECTED", layers=matching(fit))


def matching(names: Iterable[str]) -> str:
    """The pattern of these layers alone; the quantizer ends an output's name by `;`."""
    return f"^({'|'.join(map(re.escape, names))});?$"


def calibrate(path: Path, recipe: Any, rows: list[dict[str, Array]], ranges: str) -> Any:
    """The range of every tensor that the recipe makes static."""
    from litert_quantizer import calibrator, recipe_manager
    from litert_quantizer.utils import qsv_utils

    manager = recipe_manager.RecipeManager()
    manager.load_quantization_recipe(recipe)
    update = {
        "extremes": qsv_utils.min_max_update,
        "moving-average": qsv_utils.moving_average_update,
    }[ranges]
    tool = calibrator.Calibrator(str(path), qsv_update_func=update)
    tool.calibrate({"serving_default": rows}, manager)
    return tool.get_model_qsvs()


def add_rule(tool: Any, rule: Rule) -> None:
    """Give one rule to the quantizer."""
    from litert_quantizer import qtyping
    from litert_quantizer.algorithm_manager import AlgorithmName

    where = {"regex": rule.layers, "operation_name": qtyping.TFLOperationName(rule.op)}
    if rule.mode == "float":
        tool.update_quantization_recipe(**where, algorithm_key=AlgorithmName.NO_QUANTIZE)
        return
    grain = qtyping.QuantGranularity[GRANULARITY[rule.granularity]]
    if rule.mode == "static":
        tool.add_static_config(
            **where,
            activation_num_bits=rule.activations,
            weight_num_bits=rule.bits,
            weight_granularity=grain,
        )
    elif rule.mode == "dynamic":
        tool.add_dynamic_config(**where, num_bits=rule.bits, granularity=grain)
    else:
        tool.add_weight_only_config(**where, num_bits=rule.bits, granularity=grain)

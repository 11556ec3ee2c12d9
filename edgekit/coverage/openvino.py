"""Which layers OpenVINO runs on an optimized primitive."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from edgekit.coverage import Work

HIDDEN = {"Parameter", "Result", "Constant"}


def executed(path: Path) -> tuple[list[Work], list[str]]:
    """Every executed layer, on an optimized primitive or not, and those on reference code."""
    import openvino

    from edgekit.runtime.engines.openvino import CONFIG

    compiled = openvino.Core().compile_model(str(path), "CPU", CONFIG)
    ops = list(compiled.get_runtime_model().get_ordered_ops())
    work, slow = [], []
    for op in ops:
        layer = info(op, "layerType")
        if layer not in HIDDEN:
            fast = "ref" not in info(op, "primitiveType") or layer == "Reshape"
            work.append(Work(multiply_adds=multiply_adds(op, layer), fast=fast))
            slow += [] if fast else [layer]
    reasons = [f"{slow.count(layer)} × {layer}: reference kernel" for layer in sorted(set(slow))]
    return work, reasons


def multiply_adds(op: Any, layer: str) -> int:
    """Multiply-adds of an executed layer, from its shapes."""
    if layer not in ("Convolution", "Deconvolution", "FullyConnected", "MatMul"):
        return 0
    image, weights = (tuple(op.input(k).get_partial_shape().to_shape()) for k in (0, 1))
    result = prod(op.output(0).get_shape())
    grouped = len(weights) - len(image)  # weights of grouped ones begin with the groups
    if layer == "Convolution":  # weights: outputs, inputs, kernel
        return int(result * prod(weights[grouped + 1 :]))
    if layer == "Deconvolution":  # weights: inputs, outputs, kernel
        return int(prod(image) * prod(weights[grouped + 1 :]))
    return int(result * image[-1])


def info(op: Any, key: str) -> str:
    """An entry of a runtime op's information."""
    entries = op.get_rt_info()
    return str(entries[key].value if key in entries else "")

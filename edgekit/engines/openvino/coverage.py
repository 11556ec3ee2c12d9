"""Which layers OpenVINO runs on an optimized primitive."""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path
from typing import Any

from edgekit.engines import Work

HIDDEN = {"Parameter", "Result", "Constant"}


def executed(path: Path) -> tuple[list[Work], list[str]]:
    """Every executed layer, on an optimized primitive or not, and those on reference code."""
    import openvino

    from edgekit.engines.openvino.runtime import CONFIG

    core = openvino.Core()
    graph = core.read_model(str(path))
    quantized = any(op.get_type_name() == "FakeQuantize" for op in graph.get_ops())
    compiled = core.compile_model(graph, "CPU", CONFIG)
    work, slow = [], Counter[str]()
    for op in compiled.get_runtime_model().get_ordered_ops():
        layer = info(op, "layerType")
        if layer not in HIDDEN:
            fast = "ref" not in info(op, "primitiveType") or layer == "Reshape"
            products = multiply_adds(op, layer)
            work.append(Work(multiply_adds=products, fast=fast))
            if not fast:
                slow[f"{layer}: reference kernel"] += 1
            elif quantized and products and info(op, "runtimePrecision") == "f32":
                slow[f"{layer}: computed in float32 in an int8 graph"] += 1
    return work, [f"{count} × {reason}" for reason, count in sorted(slow.items())]


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

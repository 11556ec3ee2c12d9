"""What the OpenVINO passes share: the layers of a graph that hold weights, and writing it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

LAYERS = {
    "Convolution",
    "ConvolutionBackpropData",
    "GroupConvolution",
    "GroupConvolutionBackpropData",
    "MatMul",
}
# Bytes from which halving a vector is more than the words that the .xml needs for it.
LONG = 4096
# Between a layer and its weights there may be a change of type, scale or order.
BETWEEN = {"Convert", "Multiply", "Subtract", "Reshape", "Transpose"}


def weighted_layers(graph: Any) -> dict[str, int]:
    """Layers with constant weights, in order of execution: name and number of weights."""
    found = {}
    for op in graph.get_ordered_ops():
        if op.get_type_name() in LAYERS and any(is_constant(port) for port in op.inputs()):
            sizes = [int(np.prod(port.get_shape())) for port in op.inputs() if is_constant(port)]
            found[op.get_friendly_name()] = sum(sizes)
    return found


def dense_widths(graph: Any) -> list[int]:
    """How many inputs each dense layer with constant weights has."""
    widths = []
    for op in graph.get_ordered_ops():
        if op.get_type_name() == "MatMul" and is_constant(op.input(1)):
            axis = -1 if op.get_attributes()["transpose_b"] else -2
            widths.append(int(op.input(1).get_shape()[axis]))
    return widths


def is_constant(port: Any) -> bool:
    """Whether an input port is fed by constants alone."""
    node = port.get_source_output().get_node()
    if node.get_type_name() in BETWEEN:
        return all(is_constant(each) for each in node.inputs())
    return bool(node.get_type_name() == "Constant")


def all_but(graph: Any, only: Sequence[str] | None) -> Any:
    """NNCF's scope of the layers to leave alone; None when none is to be."""
    import nncf

    if only is None:
        return None
    wanted = set(only)
    rest = [name for name in weighted_layers(graph) if name not in wanted]
    return nncf.IgnoredScope(names=rest) if rest else None


def save_quantized(graph: Any, path: Path) -> None:
    """Write a quantized graph, with long vectors of scales, biases and ranges in half precision.

    A dense layer has 8 bytes of scale and bias for each channel, beside 100 of weights for 100
    inputs. Their rounding, 2^-11, is far below that of 8-bit weights. Weights that were left in
    float stay so; OpenVINO's own option would halve them too, and spares graphs with quantized
    activations.
    """
    import openvino
    from openvino import opset13 as ops

    for op in graph.get_ordered_ops():
        if op.get_type_name() != "Constant" or op.get_byte_size() < LONG:
            continue
        values, readers = op.get_data(), op.output(0).get_target_inputs()
        if values.dtype != np.float32 or values.size != max(values.shape):
            continue
        if any(port.get_node().get_type_name() in LAYERS for port in readers):
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.allclose(half, values, rtol=2**-10, atol=2**-16 * np.abs(values).max()):
            continue  # out of half precision's range
        stored = ops.convert(ops.constant(half), "f32")
        for port in readers:
            port.replace_source_output(stored.output(0))
    openvino.save_model(graph, str(path), compress_to_fp16=False)

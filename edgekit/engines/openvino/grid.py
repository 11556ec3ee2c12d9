"""Weights of an OpenVINO graph on a grid of few bits, stored as int8 with a scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgekit.engines._grid import on_grid
from edgekit.engines.openvino.graph import LAYERS
from edgekit.errors import PassError

# The axes of a layer's weights that have a scale for each index: its outputs, and its groups.
CHANNELS = {
    "Convolution": (0,),
    "ConvolutionBackpropData": (1,),
    "GroupConvolution": (0, 1),
    "GroupConvolutionBackpropData": (0, 2),
}


def regridded(graph: Any, bits: int) -> None:
    """Put weights that NNCF has quantized, but not stored yet, on a grid of fewer bits.

    They are constants before a FakeQuantize, whose range tells which axes have scales.
    """
    for op in graph.get_ordered_ops():
        if op.get_type_name() != "FakeQuantize":
            continue
        weights = op.input_value(0).get_node()
        if weights.get_type_name() == "Constant" and layer_of(op) is not None:
            shape = list(op.input_value(2).get_shape())
            shape = [1] * (len(weights.get_output_shape(0)) - len(shape)) + shape
            replace(op, weights.get_data(), bits, [k for k, n in enumerate(shape) if n > 1])


def compressed(graph: Any, bits: int, only: Sequence[str] | None) -> None:
    """Store the weights of layers, or of some, as int8 on a grid; they are computed in float.

    Raises:
        PassError: there are no such layers.
    """
    found = 0
    for op in graph.get_ordered_ops():
        kind = op.get_type_name()
        if kind not in LAYERS or (only is not None and op.get_friendly_name() not in only):
            continue
        weights = op.input_value(1).get_node()
        if weights.get_type_name() != "Constant" or weights.get_data().dtype != np.float32:
            continue
        axes = CHANNELS.get(kind)
        if axes is None:
            rank = weights.get_data().ndim
            axes = (rank - 2 if op.get_attributes()["transpose_b"] else rank - 1,)
        replace(weights, weights.get_data(), bits, axes)
        found += 1
    if not found:
        raise PassError("compress-openvino: no layer has constant weights that a grid could be of")


def layer_of(op: Any) -> Any:
    """The layer that reads an op's output as its weights; None where none does."""
    for port in op.output(0).get_target_inputs():
        if port.get_node().get_type_name() in LAYERS | {"Reshape"} and port.get_index() < 2:
            return port.get_node()
    return None


def replace(node: Any, weights: Any, bits: int, axes: Sequence[int]) -> None:
    """Give those that read a node the weights as codes times scales instead."""
    from openvino import opset13 as ops

    codes, scales = on_grid(weights, bits, axes)
    real = ops.multiply(ops.convert(ops.constant(codes), "f32"), ops.constant(scales))
    real.set_friendly_name(node.get_friendly_name())
    for port in node.output(0).get_target_inputs():
        port.replace_source_output(real.output(0))

"""Transposed convolution of a 1×1 input to a dense layer.

With a single input position i = 0 the sum has one term, y[n] = x · w[n]: every output position is
a matrix product of the input channels with the tap that lies on it. So the weights (O, K, K, I),
cut as padding cuts the output, are the rows of a dense layer, and a reshape lays them out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.litert_edit import Editor
from edgekit.rewrites.transposed_conv import (
    axes,
    bias_of,
    constant,
    geometry,
    repeat_scales,
    reshape,
)


def match(graph: Editor, op: Any) -> bool:
    """A TRANSPOSE_CONV on one pixel, in float, with constant weights."""
    if graph.kind(op) != "TRANSPOSE_CONV" or graph.shape(op.inputs[2])[1:3] != (1, 1):
        return False
    bias = bias_of(graph, op)
    constant_bias = bias is None or graph.constant(bias) is not None
    return (
        graph.constant(op.inputs[1]) is not None
        and constant_bias
        and (graph.dtype(op.inputs[1]) == "FLOAT32")
    )


def apply(graph: Editor, op: Any) -> None:
    """Replace the op; its output tensor stays."""
    source, target = op.inputs[2], op.outputs[0]
    name = graph.tensor(target).name.decode()
    weights, bias = constant(graph, op.inputs[1]), bias_of(graph, op)
    batch, height, width, channels = graph.shape(target)
    vertical, horizontal = axes(op, graph.shape(source), graph.shape(target), weights.shape)
    (_, top), (_, left) = geometry(*vertical), geometry(*horizontal)
    taps = np.zeros((channels, height, width, weights.shape[3]), weights.dtype)
    cut = weights[:, top : top + height, left : left + width]
    taps[:, : cut.shape[1], : cut.shape[2]] = cut
    rows = taps.transpose(1, 2, 0, 3).reshape(height * width * channels, weights.shape[3])
    positions = height * width
    flat = graph.add_tensor((batch, weights.shape[3]), f"{name};flat", source)
    dense = graph.add_tensor((batch, len(rows)), f"{name};dense", target)
    inputs = [flat, graph.add_constant(rows, f"{name};rows", op.inputs[1])]
    if bias is not None:
        tiled = graph.add_constant(np.tile(constant(graph, bias), positions), f"{name};bias", bias)
        repeat_scales(graph, tiled, positions)
        inputs.append(tiled)
    product = graph.op(
        "FULLY_CONNECTED",
        inputs,
        dense,
        "FullyConnectedOptions",
        fusedActivationFunction=op.builtinOptions.fusedActivationFunction,
    )
    graph.replace(
        [op], [reshape(graph, source, flat, name), product, reshape(graph, dense, target, name)]
    )

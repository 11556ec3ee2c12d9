"""Transposed convolution of a 1×1 input to a dense layer.

With a single input position i = 0 the sum has one term, y[n] = x · w[n]: every output position is
a matrix product of the input channels with the tap that lies on it. So the weights (O, K, K, I),
cut as padding cuts the output, are the rows of a dense layer, and a reshape lays them out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build
from edgekit.engines.litert.rewrites._transposed import axes, constant_layer


def match(graph: Editor, op: Any) -> bool:
    """A TRANSPOSE_CONV on one pixel, in float, with constant weights."""
    if not constant_layer(graph, op) or graph.dtype(op.inputs[1]) != "FLOAT32":
        return False
    return graph.shape(op.inputs[2])[1:3] == (1, 1)


def apply(graph: Editor, op: Any) -> None:
    """Replace the op; its output tensor stays."""
    build, (vertical, horizontal) = Build(graph, op), axes(graph, op)
    weights, bias = graph.value(op.inputs[1]), graph.bias(op)
    batch, height, width, channels = graph.shape(op.outputs[0])
    taps = np.zeros((channels, height, width, weights.shape[3]), weights.dtype)
    top, left = vertical.crop, horizontal.crop
    cut = weights[:, top : top + height, left : left + width]
    taps[:, : cut.shape[1], : cut.shape[2]] = cut
    rows = taps.transpose(1, 2, 0, 3).reshape(height * width * channels, weights.shape[3])
    inputs = [build.reshape(op.inputs[2], (batch, weights.shape[3])), build.constant(rows)]
    if bias is not None:
        inputs.append(build.constant(np.tile(graph.value(bias), height * width)))
    dense = build.op(
        "FULLY_CONNECTED",
        inputs,
        (batch, len(rows)),
        "FullyConnectedOptions",
        fusedActivationFunction=op.builtinOptions.fusedActivationFunction,
    )
    build.reshape(dense, graph.shape(op.outputs[0]))
    build.finish()

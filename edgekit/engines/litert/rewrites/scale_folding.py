"""Multiplication and addition of a constant for each channel, folded into a layer beside them.

Batch normalization is y = x·a + b with constants for each channel. After a linear layer,

    (W·x + c)·a + b = (a·W)·x + (a·c + b),

and before one, where the weights of input channel i are W_i,

    W·(x·a + b) + c = Σ_i (a_i·W_i)·x_i + (c + Σ_i W_i·b_i).

The second needs that every output sees all taps: the zeros around a padded image are not b, and
then a alone can be folded. A reshape between is passed: what counts is that the constants repeat
with the layer's channels. Weights are multiplied in float64 and rounded once.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.file import LAYERS
from edgekit.engines.litert.rewrites._build import Build

Array = NDArray[Any]


@dataclass
class Fold:
    """A layer on `source` with its new weights and bias."""

    layer: Any
    source: int
    weights: Array
    bias: Array


def match(graph: Editor, op: Any) -> bool:
    """Constants after a layer without activation, or a layer after constants."""
    return after(graph, op) is not None or before(graph, op) is not None


def apply(graph: Editor, op: Any) -> None:
    """Put a layer with new weights in the place of the op; what it was made of is then dead."""
    fold = after(graph, op) or before(graph, op)
    assert fold is not None  # by match
    build, layer, kind = Build(graph, op), fold.layer, graph.kind(fold.layer)
    activation, places = op.builtinOptions.fusedActivationFunction, LAYERS[kind]
    inputs = [int(i) for i in layer.inputs[: places.bias]]
    inputs[places.input] = build.reshape(fold.source, graph.shape(inputs[places.input]))
    inputs[places.weights] = build.constant(fold.weights.astype(np.float32))
    inputs.append(build.constant(fold.bias.astype(np.float32)))
    version = graph.model.operatorCodes[layer.opcodeIndex].version
    if kind == "TRANSPOSE_CONV":  # which came to a bias with 3 and to an activation with 4
        version = max(version, 4 if activation else 3)
    output = graph.add_tensor(graph.shape(layer.outputs[0]), f"{build.name};folded", fold.source)
    new = graph.op(kind, inputs, output, version=version)
    new.builtinOptionsType = layer.builtinOptionsType
    new.builtinOptions = copy.copy(layer.builtinOptions)
    new.builtinOptions.fusedActivationFunction = activation
    build.ops.append(new)
    build.reshape(output, graph.shape(op.outputs[0]))
    build.finish()


def after(graph: Editor, op: Any) -> Fold | None:
    """The layer that computes what the op multiplies or shifts, with that folded in."""
    found = affine(graph, op)
    if found is None:
        return None
    layer, result = behind_reshape(graph, found[0])
    if layer is None or not linear(graph, layer) or not alone(graph, result):
        return None
    shape, channels = graph.shape(op.outputs[0]), graph.shape(result)[-1]
    scale, shift = (per_channel(value, shape, channels) for value in found[1:])
    if scale is None or shift is None or layer.builtinOptions.fusedActivationFunction:
        return None
    weights, bias = parts(graph, layer)
    last = graph.kind(layer) == "DEPTHWISE_CONV_2D"  # output channels are the last axis, or first
    factors = scale if last else scale.reshape(-1, *[1] * (weights.ndim - 1))
    source = int(layer.inputs[LAYERS[graph.kind(layer)].input])
    return Fold(layer=layer, source=source, weights=weights * factors, bias=bias * scale + shift)


def before(graph: Editor, op: Any) -> Fold | None:
    """The layer, with the constants folded in that its input was multiplied with or shifted by."""
    if not linear(graph, op):
        return None
    constants, result = behind_reshape(graph, int(op.inputs[LAYERS[graph.kind(op)].input]))
    found = None if constants is None else affine(graph, constants)
    if found is None or not alone(graph, result):
        return None
    if constants is not None and constants.builtinOptions.fusedActivationFunction:
        return None
    weights, bias = parts(graph, op)
    depthwise = graph.kind(op) == "DEPTHWISE_CONV_2D"
    channels = graph.shape(op.inputs[0])[-1] if depthwise else weights.shape[-1]
    scale, shift = (per_channel(value, graph.shape(result), channels) for value in found[1:])
    if scale is None or shift is None or (shift.any() and not sees_all(graph, op)):
        return None
    if depthwise:  # each input channel has so many outputs, side by side
        scale, shift = (v.repeat(weights.shape[-1] // channels) for v in (scale, shift))
        added = (weights * shift).sum(axis=(0, 1, 2))
    else:
        added = (weights * shift).reshape(len(weights), -1).sum(axis=1)
    return Fold(layer=op, source=found[0], weights=weights * scale, bias=bias + added)


def affine(graph: Editor, op: Any) -> tuple[int, Array, Array] | None:
    """(x, a, b) of an op that computes x·a + b in float with constants."""
    kind = graph.kind(op)
    if kind not in ("MUL", "ADD", "SUB") or graph.dtype(op.outputs[0]) != "FLOAT32":
        return None
    left, right = (graph.constant(i) for i in op.inputs)
    value, source = (right, op.inputs[0]) if left is None else (left, op.inputs[1])
    if value is None or (left is not None and right is not None):
        return None
    if graph.shape(source) != graph.shape(op.outputs[0]):
        return None
    value, one = value.astype(np.float64), np.ones(1)
    if kind == "MUL":
        return int(source), value, np.zeros(1)
    if kind == "ADD":
        return int(source), one, value
    return (int(source), one, -value) if left is None else (int(source), -one, value)


def behind_reshape(graph: Editor, tensor: int) -> tuple[Any | None, int]:
    """The op that computes a tensor, and its output, which the tensor may be a view of."""
    op = graph.producer(tensor)
    if op is not None and graph.kind(op) == "RESHAPE" and alone(graph, tensor):
        return graph.producer(op.inputs[0]), int(op.inputs[0])
    return op, tensor


def alone(graph: Editor, tensor: int) -> bool:
    """Whether one op alone reads a tensor."""
    return len(graph.consumers(tensor)) == 1 and not graph.is_output(tensor)


def linear(graph: Editor, op: Any) -> bool:
    """Whether an op is a layer on constant float weights that sees all channels of its input."""
    kind, places = graph.kind(op), LAYERS.get(graph.kind(op))
    if places is None or places.bias is None or graph.dtype(op.inputs[1]) != "FLOAT32":
        return False
    bias = graph.bias(op)
    fixed = [op.inputs[1]] if bias is None else [op.inputs[1], bias]
    grouped = kind == "CONV_2D" and graph.shape(fixed[0])[3] != graph.shape(op.inputs[0])[3]
    return not grouped and all(graph.constant(tensor) is not None for tensor in fixed)


def sees_all(graph: Editor, op: Any) -> bool:
    """Whether no tap of a layer ever falls on padding."""
    if graph.kind(op) == "FULLY_CONNECTED":
        return True
    unpadded = graph.shape(op.inputs[1])[1:3] == (1, 1) or (
        op.builtinOptions.padding == graph.schema.Padding.VALID
    )
    return graph.kind(op) != "TRANSPOSE_CONV" and unpadded


def parts(graph: Editor, layer: Any) -> tuple[Array, Array]:
    """Weights and bias in float64; zeros where there is no bias."""
    weights, bias = graph.value(layer.inputs[1]).astype(np.float64), graph.bias(layer)
    if bias is None:
        return weights, np.zeros(graph.shape(layer.outputs[0])[-1])
    return weights, graph.value(bias).astype(np.float64)


def per_channel(value: Array, shape: tuple[int, ...], channels: int) -> Array | None:
    """A value that broadcasts to a shape, as one number for each of the layer's channels."""
    if value.size == 1:
        return np.full(channels, value.item())
    rows = np.broadcast_to(value, shape).reshape(-1, channels)
    return rows[0] if (rows == rows[0]).all() else None

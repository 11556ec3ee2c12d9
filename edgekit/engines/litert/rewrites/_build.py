"""Ops in the making, that take the place of one op and keep its output tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.engines.litert.edit import Editor, int8_version

Array = NDArray[Any]
MOST = 5  # inputs that XNNPACK's concatenation takes
# CONV_2D's version, by the types of image and weights.
CONV_VERSIONS = {("FLOAT32", "FLOAT32"): 1, ("INT8", "INT8"): 3, ("FLOAT32", "INT8"): 5}


class Build:
    """Methods take tensors by index, add an op and give the index of its output."""

    def __init__(self, graph: Editor, op: Any) -> None:
        self.graph, self.old, self.target = graph, op, int(op.outputs[0])
        self.name = graph.tensor(self.target).name.decode()
        self.ops: list[Any] = []

    def finish(self) -> None:
        """Put the ops in; the last one gives the old op's output."""
        self.ops[-1].outputs = [self.target]
        self.graph.replace([self.old], self.ops)

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        options: str | None = None,
        version: int | None = None,
        like: int | None = None,
        **fields: Any,
    ) -> int:
        """Any op; its output has the type and quantization of `like`, or of its first input."""
        like = inputs[0] if like is None else like
        output = self.graph.add_tensor(shape, f"{self.name};{kind.lower()}", like)
        version = version or int8_version(self.graph, inputs[0])
        self.ops.append(self.graph.op(kind, inputs, output, options, version, **fields))
        return output

    def constant(self, value: Array, like: int | None = None, times: int = 1) -> int:
        """A constant of the array's own type.

        It is quantized as the tensor `like` is, whose channels it has so many times.
        """
        index = self.graph.add_constant(value, f"{self.name};constant", like)
        repeat_scales(self.graph.tensor(index).quantization, times)
        return index

    def whole(self, values: Sequence[int]) -> int:
        """A constant list of whole numbers: a shape, an order, a place."""
        return self.constant(np.array(values, np.int32))

    def binary(self, kind: str, a: int, b: int) -> int:
        """ADD, SUB or MUL of two tensors that broadcast."""
        shape = np.broadcast_shapes(self.graph.shape(a), self.graph.shape(b))
        return self.op(kind, [a, b], shape, f"{kind.capitalize()}Options")

    def mean(self, a: int, axes: Sequence[int]) -> int:
        """The mean over axes, which stay with size 1."""
        shape = [1 if k in axes else n for k, n in enumerate(self.graph.shape(a))]
        return self.op("MEAN", [a, self.whole(axes)], shape, "ReducerOptions", keepDims=True)

    def reshape(self, a: int, shape: Sequence[int]) -> int:
        """The same values in another shape; none of it when the shape is the same."""
        return a if self.graph.shape(a) == tuple(shape) else self.view(a, shape)

    def view(self, a: int, shape: Sequence[int]) -> int:
        """The same values as a tensor of their own, in any shape of their number."""
        inputs = [a, self.whole(shape)]
        return self.op("RESHAPE", inputs, shape, "ReshapeOptions", 1, newShape=list(shape))

    def transpose(self, a: int, order: Sequence[int]) -> int:
        """Axes in another order."""
        shape = [self.graph.shape(a)[axis] for axis in order]
        return self.op("TRANSPOSE", [a, self.whole(order)], shape, "TransposeOptions")

    def slice(self, a: int, begin: Sequence[int], size: Sequence[int]) -> int:
        """A part of a tensor."""
        return self.op("SLICE", [a, self.whole(begin), self.whole(size)], size, "SliceOptions")

    def pad(self, a: int, margins: Sequence[tuple[int, int]]) -> int:
        """Zeros around a tensor."""
        shape = [n + sum(m) for n, m in zip(self.graph.shape(a), margins, strict=True)]
        return self.op("PAD", [a, self.constant(np.array(margins, np.int32))], shape, "PadOptions")

    def concat(self, parts: Sequence[int], axis: int) -> int:
        """Parts side by side, in as many steps as the fast path needs."""
        parts = list(parts)
        while len(parts) > 1:
            parts = [self._joined(parts[k : k + MOST], axis) for k in range(0, len(parts), MOST)]
        return parts[0]

    def repeat(self, a: int, times: int) -> int:
        """Copies of a tensor side by side along its last axis."""
        return self.concat([a] * times, len(self.graph.shape(a)) - 1)

    def convolution(self, a: int, weights: int, bias: int) -> int:
        """CONV_2D of stride 1 without padding; type and activation are those of the old op."""
        graph, shape = self.graph, self.graph.shape
        outputs, height, width, _ = shape(weights)
        batch, rows, columns, _ = shape(a)
        return self.op(
            "CONV_2D",
            [a, weights, bias],
            (batch, rows - height + 1, columns - width + 1, outputs),
            "Conv2DOptions",
            CONV_VERSIONS[graph.dtype(a), graph.dtype(weights)],
            like=self.target,
            padding=graph.schema.Padding.VALID,
            strideH=1,
            strideW=1,
            dilationHFactor=1,
            dilationWFactor=1,
            fusedActivationFunction=self.old.builtinOptions.fusedActivationFunction,
        )

    def interleave(self, a: int, strides: tuple[int, int]) -> int:
        """Phases, which are channels by row, column and channel of the result, put into space."""
        (down, across), (batch, rows, columns, channels) = strides, self.graph.shape(a)
        shape = (batch, rows * down, columns * across, channels // (down * across))
        if down == 1:  # in order already
            return self.reshape(a, shape)
        if down == across:
            return self.op("DEPTH_TO_SPACE", [a], shape, "DepthToSpaceOptions", blockSize=down)
        apart = self.reshape(a, (batch * rows, columns, down, channels // down))
        return self.reshape(self.transpose(apart, (0, 2, 1, 3)), shape)

    def _joined(self, parts: Sequence[int], axis: int) -> int:
        if len(parts) == 1:
            return parts[0]
        shape = list(self.graph.shape(parts[0]))
        shape[axis] = sum(self.graph.shape(part)[axis] for part in parts)
        return self.op("CONCATENATION", parts, shape, "ConcatenationOptions", axis=axis)


def repeat_scales(quantization: Any, times: int) -> None:
    """Scales of channels that were repeated; one scale for all stays."""
    for name in ("scale", "zeroPoint"):
        values = getattr(quantization, name, None)
        if values is not None and len(values) > 1:
            setattr(quantization, name, np.tile(values, times))


def elements(shape: Sequence[int]) -> int:
    """How many values a tensor has."""
    return math.prod(shape)

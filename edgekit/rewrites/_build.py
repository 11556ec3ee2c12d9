"""Ops in the making, that take the place of one op and keep its output tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.litert_edit import Editor, int8_version

Array = NDArray[Any]
MOST = 5  # inputs that XNNPACK's concatenation takes


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
        **fields: Any,
    ) -> int:
        """Any op whose output has the type and quantization of its first input."""
        output = self.graph.add_tensor(shape, f"{self.name};{kind.lower()}", inputs[0])
        version = version or int8_version(self.graph, inputs[0])
        self.ops.append(self.graph.op(kind, inputs, output, options, version, **fields))
        return output

    def constant(self, value: Array, like: int | None = None) -> int:
        """A constant of the array's own type."""
        return self.graph.add_constant(value, f"{self.name};constant", like)

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
        fields = {"newShape": list(shape)}
        return self.op("RESHAPE", [a, self.whole(shape)], shape, "ReshapeOptions", 1, **fields)

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

    def _joined(self, parts: Sequence[int], axis: int) -> int:
        if len(parts) == 1:
            return parts[0]
        shape = list(self.graph.shape(parts[0]))
        shape[axis] = sum(self.graph.shape(part)[axis] for part in parts)
        return self.op("CONCATENATION", parts, shape, "ConcatenationOptions", axis=axis)


def elements(shape: Sequence[int]) -> int:
    """How many values a tensor has."""
    return math.prod(shape)

"""What rewrites of transposed convolutions share: their geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgekit.engines.litert.edit import Editor


@dataclass
class Axis:
    """One direction of a transposed convolution: sizes of input, output and kernel."""

    size: int
    result: int
    kernel: int
    stride: int
    same: bool

    @property
    def taps(self) -> int:
        """Taps of each phase."""
        return -(-self.kernel // self.stride)

    @property
    def crop(self) -> int:
        """How many leading positions padding takes away."""
        excess = (self.size - 1) * self.stride + self.kernel - self.result
        return max(excess, 0) // 2 if self.same else 0


def axes(graph: Editor, op: Any) -> tuple[Axis, Axis]:
    """Height and width."""
    source, weights = graph.shape(op.inputs[2]), graph.shape(op.inputs[1])
    target, options = graph.shape(op.outputs[0]), op.builtinOptions
    same = options.padding == graph.schema.Padding.SAME
    return (
        Axis(source[1], target[1], weights[1], options.strideH, same),
        Axis(source[2], target[2], weights[2], options.strideW, same),
    )


def constant_layer(graph: Editor, op: Any) -> bool:
    """Whether an op is a TRANSPOSE_CONV with constant weights, and bias if it has one."""
    if graph.kind(op) != "TRANSPOSE_CONV":
        return False
    bias = graph.bias(op)
    fixed = [op.inputs[1]] if bias is None else [op.inputs[1], bias]
    return all(graph.constant(tensor) is not None for tensor in fixed)

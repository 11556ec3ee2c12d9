"""Transposed convolution to convolution, depth-to-space and crop.

The mathematics is that of the rewrite of the same name for LiteRT: each phase of the output is an
ordinary convolution of the input. Which of the two OpenVINO runs faster depends on the layer, so
both are measured.
"""

from __future__ import annotations

from typing import Any

from edgekit.engines._phases import transposed_kernel
from edgekit.engines.openvino.rewrites._build import (
    HEIGHT,
    WIDTH,
    kernel,
    leading,
    replace_by_phases,
    shape,
)


def match(op: Any) -> bool:
    """One with constant float weights, whose output is no larger than its sums."""
    if op.get_type_name() != "ConvolutionBackpropData" or kernel(op) is None:
        return False
    small, large = shape(op.input_value(0)), shape(op.output(0))
    return all(
        first >= 0 and first + large[axis] <= (small[axis] + taps - 1) * stride
        for axis, stride, taps, first in geometry(op)
    )


def apply(op: Any) -> None:
    """Replace the op."""
    (_, down, rows, top), (_, across, columns, left) = geometry(op)
    scales, taps = (down, across), (rows, columns)
    weights = transposed_kernel(kernel(op).transpose(1, 2, 3, 0), scales, taps)
    margins = [(count - 1, count - 1) for count in taps]
    replace_by_phases(op, op.input_value(0), weights, margins, scales, (top, left))


def geometry(op: Any) -> list[tuple[int, int, int, int]]:
    """Both axes: stride, taps of each phase, and how many leading positions padding takes away."""
    small, large, sizes = (
        shape(each) for each in (op.input_value(0), op.output(0), op.input_value(1))
    )
    found = []
    for axis, stride in zip((HEIGHT, WIDTH), op.get_attributes()["strides"], strict=True):
        excess = (small[axis] - 1) * stride + sizes[axis] - large[axis]
        found.append(
            (axis, stride, -(-sizes[axis] // stride), leading(op, axis, excess, "same_upper"))
        )
    return found

"""Convolution of a nearest-neighbour enlargement to convolution of the small image.

The mathematics is that of the rewrite of the same name for LiteRT: repeated pixels meet sums of
weights, of which each phase of the output has its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines._phases import Axis, axis, upsampled_kernel
from edgekit.engines.openvino.rewrites._build import (
    HEIGHT,
    WIDTH,
    kernel,
    leading,
    replace_by_phases,
    shape,
)
from edgekit.engines.openvino.rewrites.nearest_upsampling import enlarges


def match(op: Any) -> bool:
    """A convolution of stride 1 on an enlargement, with fewer products on the small image."""
    if op.get_type_name() != "Convolution" or not enlarges(op.input_value(0).get_node()):
        return False
    small, large = shape(source(op)), shape(op.input_value(0))
    if kernel(op) is None or set(op.get_attributes()["strides"]) != {1} or small[:2] != large[:2]:
        return False
    vertical, horizontal = axes(op)
    fewer = vertical.taps * horizontal.taps < vertical.kernel * horizontal.kernel
    return fewer and min(*vertical.margins, *horizontal.margins) >= 0


def apply(op: Any) -> None:
    """Replace the convolution; the enlargement dies when nothing else reads it."""
    vertical, horizontal = axes(op)
    whole = kernel(op).transpose(0, 2, 3, 1).astype(np.float64)
    weights = upsampled_kernel(whole, vertical, horizontal)
    margins = [vertical.margins, horizontal.margins]
    scales, first = (vertical.scale, horizontal.scale), (vertical.crop, horizontal.crop)
    replace_by_phases(op, source(op), weights, margins, scales, first)


def source(op: Any) -> Any:
    """The small image."""
    return op.input_value(0).get_node().input_value(0)


def axes(op: Any) -> tuple[Axis, Axis]:
    """Height and width."""
    small, large, result = (shape(each) for each in (source(op), op.input_value(0), op.output(0)))
    sizes = shape(op.input_value(1))
    vertical, horizontal = (
        axis(
            small[k],
            large[k] // small[k],
            sizes[k],
            result[k],
            leading(op, k, sizes[k] - 1, "same_lower"),
        )
        for k in (HEIGHT, WIDTH)
    )
    return vertical, horizontal

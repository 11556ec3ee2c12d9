"""Nearest-neighbour enlargement, written as copies, to one Interpolate.

Keras' UpSampling2D repeats rows and columns by giving the tensor a new axis of size 1 behind the
repeated one, tiling along it, and merging the two. All of it copies x[⌊i / s⌋] to position i,
which is Interpolate with mode nearest, asymmetric coordinates and rounding down: the same bits. In
int8 it is more than that: OpenVINO moves scales through an Interpolate, so that the convolution
behind it runs in int8. Through Tile it does not, and the convolution runs in float.

A transposition that follows is done first, on the small image.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.rewrites.openvino._build import constant, replace, shape

SPATIAL = ([1, 2], [2, 3])  # of NHWC and NCHW
NEAREST = {
    "mode": "nearest",
    "shape_calculation_mode": "sizes",
    "coordinate_transformation_mode": "asymmetric",
    "nearest_mode": "floor",
}


def match(op: Any) -> bool:
    """A Reshape that merges repeated rows or columns of a picture."""
    return bool(factors(op))


def apply(op: Any) -> None:
    """Replace it, and an enlargement along the other axis that it continues."""
    from openvino import opset13 as ops

    axes, source, result = sorted(factors(op)), begin(op), shape(op.output(0))
    earlier = source.get_node()
    if enlarges(earlier) and len(source.get_target_inputs()) == 1:
        both = sorted([*axes, *map(int, constant(earlier, 2))])
        if both in SPATIAL:
            axes, source = both, earlier.input_value(0)
    readers = [port.get_node() for port in op.output(0).get_target_inputs()]
    order = (
        constant(readers[0], 1) if [r.get_type_name() for r in readers] == ["Transpose"] else None
    )
    if order is not None:
        op, result = readers[0], tuple(result[axis] for axis in order)
        source = ops.transpose(source, order).output(0)
        axes = sorted(list(order).index(axis) for axis in axes)
    sizes = np.array([result[axis] for axis in axes])
    replace(op, ops.interpolate(source, sizes, axes=np.array(axes), **NEAREST))


def enlarges(op: Any) -> bool:
    """Whether an op is an Interpolate as above, by whole factors."""
    if op.get_type_name() != "Interpolate":
        return False
    small, large = shape(op.input_value(0)), shape(op.output(0))
    if not small or not large:
        return False
    attributes = op.get_attributes()
    plain = all(attributes.get(name) == value for name, value in NEAREST.items())
    padded = any([*attributes.get("pads_begin", []), *attributes.get("pads_end", [])])
    whole = all(new % old == 0 for old, new in zip(small, large, strict=True))
    return plain and whole and not padded and constant(op, 2) is not None


def begin(op: Any) -> Any:
    """The output that a chain of new axis, tiling and merging begins with."""
    return op.input_value(0).get_node().input_value(0).get_node().input_value(0)


def factors(op: Any) -> dict[int, int]:
    """How many times the chain that ends with an op repeats each axis; nothing for other ops."""
    tile = op.input_value(0).get_node() if op.get_type_name() == "Reshape" else None
    if tile is None or tile.get_type_name() != "Tile":
        return {}
    spread, times = tile.input_value(0).get_node(), constant(tile, 1)
    if spread.get_type_name() not in ("Unsqueeze", "Reshape") or times is None:
        return {}
    small, split = shape(begin(op)), shape(spread.output(0))
    if len(small) != 4 or len(split) != len(times):
        return {}
    found: dict[int, int] = {}
    axis = 0
    for size, count in zip(split, map(int, times), strict=True):
        if axis < 4 and size == small[axis] and count == 1:
            axis += 1
        elif size == 1 and axis > 0:
            found[axis - 1] = found.get(axis - 1, 1) * count
        else:
            return {}
    whole = tuple(size * found.get(axis, 1) for axis, size in enumerate(small))
    spatial = any(found.keys() <= set(axes) for axes in SPATIAL)
    return found if axis == 4 and spatial and whole == shape(op.output(0)) else {}

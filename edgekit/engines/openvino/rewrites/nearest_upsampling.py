"""Nearest-neighbour enlargement, written as copies, to one Interpolate.

Keras' UpSampling layers repeat rows and columns by giving the tensor a new axis of size 1 behind
the repeated one, tiling along it, and merging the two; the frontend may transpose in between. All
of it copies x[⌊i / s⌋] to position i, which is Interpolate with mode nearest, asymmetric
coordinates and rounding down: the same bits. In int8 it is more than that: OpenVINO moves scales
through an Interpolate, so that the convolution behind it runs in int8. Through Tile it does not,
and the convolution runs in float.

A transposition that follows is done first, on the small image. A sequence is enlarged as a picture
of one row, which is what the convolutions around it compute with.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from edgekit.engines.openvino.rewrites._build import constant, replace, shape

# The axes that are enlarged, by rank: of NCHW and NHWC pictures, and of NCW sequences.
SPATIAL = {4: ([1, 2], [2, 3]), 3: ([2],)}
SPREAD = ("Unsqueeze", "Reshape")
NEAREST = {
    "mode": "nearest",
    "shape_calculation_mode": "sizes",
    "coordinate_transformation_mode": "asymmetric",
    "nearest_mode": "floor",
}


class Copies(NamedTuple):
    """An enlargement: the op that it ends with, the output that it begins with, the order in which
    the result has that output's axes, and those that are repeated."""

    last: Any
    source: Any
    order: list[int]
    axes: list[int]

    @property
    def places(self) -> list[int]:
        """Where the result has the repeated axes."""
        return sorted(self.order.index(axis) for axis in self.axes)


def match(op: Any) -> bool:
    """A Reshape that merges repeated rows or columns of a picture, or steps of a sequence."""
    return enlargement(op) is not None


def apply(op: Any) -> None:
    """Replace it, and an enlargement along the other axis that it continues."""
    from openvino import opset13 as ops

    found = enlargement(op)
    assert found is not None
    source, (places, result) = found.source, (found.places, shape(found.last.output(0)))
    earlier = source.get_node()
    if enlarges(earlier) and len(source.get_target_inputs()) == 1:
        both = found._replace(axes=[*found.axes, *map(int, constant(earlier, 2))]).places
        if is_spatial(both, len(result)):
            places, source = both, earlier.input_value(0)
    if found.order != sorted(found.order):
        source = ops.transpose(source, np.array(found.order)).output(0)
    if len(result) == 4:
        sizes = np.array([result[axis] for axis in places])
        replace(found.last, ops.interpolate(source, sizes, axes=np.array(places), **NEAREST))
        return
    row = ops.unsqueeze(source, np.array([2]))
    large = ops.interpolate(row, np.array([result[2]]), axes=np.array([3]), **NEAREST)
    replace(found.last, ops.squeeze(large, np.array([2])))


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


def enlargement(op: Any) -> Copies | None:
    """The enlargement that ends with an op and a transposition behind it, if that is all it has."""
    found = copies(op)
    if found is None:
        return None
    readers = [port.get_node() for port in op.output(0).get_target_inputs()]
    turned = [reader.get_type_name() for reader in readers] == ["Transpose"]
    if turned and (turn := constant(readers[0], 1)) is not None:
        found = found._replace(last=readers[0], order=[found.order[int(axis)] for axis in turn])
    return found if is_spatial(found.places, len(found.order)) else None


def copies(op: Any) -> Copies | None:
    """The chain of new axis, tiling and merging that ends with an op; None for other ops."""
    tile = op.input_value(0).get_node() if op.get_type_name() == "Reshape" else None
    turn = None
    if tile is not None and tile.get_type_name() == "Transpose":
        turn, tile = constant(tile, 1), tile.input_value(0).get_node()
    if tile is None or tile.get_type_name() != "Tile":
        return None
    spread, times = tile.input_value(0).get_node(), constant(tile, 1)
    if spread.get_type_name() not in SPREAD or times is None:
        return None
    source = spread.input_value(0)
    small, split = shape(source), shape(spread.output(0))
    if len(small) not in SPATIAL or len(split) != len(times):
        return None
    parts = split_axes(small, split, list(map(int, times)))
    order, repeats = merged_axes(parts if turn is None else [parts[int(axis)] for axis in turn])
    whole = tuple(small[axis] * repeats.get(axis, 1) for axis in order)
    if len(order) != len(small) or whole != shape(op.output(0)):
        return None
    return Copies(op, source, order, list(repeats))


def split_axes(
    small: tuple[int, ...], split: tuple[int, ...], times: list[int]
) -> list[tuple[int | None, int]]:
    """For each axis of the tiled tensor the one of the source that it is, None for a new one, and
    how often it is repeated; nothing when they are others."""
    parts: list[tuple[int | None, int]] = []
    axis = 0
    for size, count in zip(split, times, strict=True):
        if axis < len(small) and size == small[axis] and count == 1:
            parts.append((axis, 1))
            axis += 1
        elif size == 1:
            parts.append((None, count))
        else:
            return []
    return parts if axis == len(small) else []


def merged_axes(parts: list[tuple[int | None, int]]) -> tuple[list[int], dict[int, int]]:
    """The axes of the source in the order of the result, and how often the new axes behind them
    repeat some; nothing when a new one stands before all."""
    order: list[int] = []
    repeats: dict[int, int] = {}
    for axis, count in parts:
        if axis is not None:
            order.append(axis)
        elif order:
            repeats[order[-1]] = repeats.get(order[-1], 1) * count
        else:
            return [], {}
    return order, repeats


def is_spatial(axes: list[int], rank: int) -> bool:
    """Whether axes are some of those that pictures and sequences are enlarged along."""
    return bool(axes) and any(set(axes) <= set(each) for each in SPATIAL[rank])

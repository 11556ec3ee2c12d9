"""Nearest-neighbour enlargement by whole factors, in whatever form it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import elements
from edgekit.engines.litert.rewrites._movement import chains, positions

COPYING = {"TILE", "BROADCAST_TO"}


@dataclass
class Enlargement:
    """`source` holds (batch, height, width, channels) in this order, in any shape."""

    source: int
    shape: tuple[int, int, int, int]
    factors: tuple[int, int]


def enlargement(graph: Editor, op: Any) -> Enlargement | None:
    """What the op, the last of its chain, gives: every pixel so many times down and across."""
    result = graph.shape(op.outputs[0])
    if len(result) not in (3, 4):
        return None
    target = result if len(result) == 4 else (result[0], 1, *result[1:])
    if graph.kind(op) == "RESIZE_NEAREST_NEIGHBOR":
        return resized(graph, op, target)
    whole = None
    for chain in chains(graph, op):  # the longest counts: height and width may come in turn
        source = int(chain[0].inputs[0])
        if COPYING.isdisjoint(graph.kind(each) for each in chain):
            continue
        moved = positions(graph, chain).reshape(target)
        factors = (first_run(moved[0, :, 0, 0]), first_run(moved[0, 0, :, 0]))
        found = repeated(source, target, factors)
        if found is not None and np.array_equal(moved, expected(found)):
            whole = found
    return whole


def resized(graph: Editor, op: Any, target: tuple[int, ...]) -> Enlargement | None:
    """A resize whose places, computed in float32 as LiteRT does, fall on every pixel in turn."""
    shape = graph.shape(op.inputs[0])
    factors = (target[1] // shape[1], target[2] // shape[2])
    found = repeated(int(op.inputs[0]), target, factors)
    if found is None or found.shape != shape or op.builtinOptions.alignCorners:
        return None
    shift = np.float32(0.5 if op.builtinOptions.halfPixelCenters else 0)
    for size, factor in zip(shape[1:3], factors, strict=True):
        places = np.arange(size * factor, dtype=np.float32) + shift
        picked = np.floor(places * (np.float32(size) / np.float32(size * factor)))
        if not np.array_equal(picked, np.arange(size * factor) // factor):
            return None
    return found


def repeated(source: int, target: tuple[int, ...], factors: tuple[int, int]) -> Enlargement | None:
    """The enlargement of a source to a target by these factors, if they are whole."""
    (batch, height, width, channels), (down, across) = target, factors
    if down * across < 2 or height % down or width % across:
        return None
    shape = (batch, height // down, width // across, channels)
    return Enlargement(source=source, shape=shape, factors=factors)


def expected(found: Enlargement) -> Any:
    """The positions of an enlargement."""
    whole = np.arange(elements(found.shape), dtype=np.int32).reshape(found.shape)
    return whole.repeat(found.factors[0], axis=1).repeat(found.factors[1], axis=2)


def first_run(values: Any) -> int:
    """How many equal values a line begins with."""
    other = np.flatnonzero(values != values[0])
    return int(other[0]) if len(other) else len(values)

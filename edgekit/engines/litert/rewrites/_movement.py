"""Chains of ops that only move values, followed by moving the numbers of the positions.

What a chain does is read off where each position of its source ends, so it does not matter in
which way it was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import elements

Array = NDArray[Any]
KINDS = {"RESHAPE", "TRANSPOSE", "TILE", "BROADCAST_TO", "SQUEEZE", "EXPAND_DIMS"}
LARGEST = 1 << 25  # positions that are followed
LONGEST = 16  # ops that are followed; what is idle within so many shortens longer chains


def chains(graph: Editor, op: Any) -> Iterator[list[Any]]:
    """The moving ops that end with this one: the op alone, with the one before, and so on."""
    chain: list[Any] = []
    while op is not None and graph.kind(op) in KINDS and computable(graph, op):
        chain = [op, *chain]
        yield chain
        op = graph.producer(op.inputs[0]) if len(chain) < LONGEST else None


def computable(graph: Editor, op: Any) -> bool:
    """Whether where values go is constant, and they are not too many."""
    known = all(graph.constant(i) is not None for i in op.inputs[1:])
    return known and elements(graph.shape(op.outputs[0])) <= LARGEST


def positions(graph: Editor, chain: list[Any]) -> Array:
    """In the shape of the chain's output, which position of its source each value comes from."""
    shape = graph.shape(chain[0].inputs[0])
    value = np.arange(elements(shape), dtype=np.int32).reshape(shape)
    for op in chain:
        kind, result = graph.kind(op), graph.shape(op.outputs[0])
        argument = graph.constant(op.inputs[1]) if len(op.inputs) > 1 else None
        if kind == "TRANSPOSE" and argument is not None:
            value = value.transpose([int(axis) for axis in argument])
        elif kind == "TILE" and argument is not None:
            value = np.tile(value, [int(times) for times in argument])
        elif kind == "BROADCAST_TO":
            value = np.broadcast_to(value, result)
        value = value.reshape(result)
    return value

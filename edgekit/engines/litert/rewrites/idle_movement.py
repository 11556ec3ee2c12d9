"""Chains of reshapes and transpositions that leave every value in its order.

A transposition and its inverse, reshapes after one another, a transposition that only moves axes of
size 1: where positions keep their order, one reshape says the same, or nothing at all. An output of
the graph keeps its reshape, even to the same shape: it must be a tensor of its own. Values are only
moved: the result is equal to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build, elements
from edgekit.engines.litert.rewrites._movement import chains, positions


def match(graph: Editor, op: Any) -> bool:
    """The last op of an idle chain that is longer than what replaces it."""
    return idle(graph, op) is not None


def apply(graph: Editor, op: Any) -> None:
    """Reshape the source, or read it itself where its shape is the same."""
    source, target = idle(graph, op), int(op.outputs[0])
    assert source is not None  # by match
    if needless(graph, source, target):
        graph.reroute(target, source)
        return
    build = Build(graph, op)
    build.view(source, graph.shape(target))
    build.finish()


def idle(graph: Editor, op: Any) -> int | None:
    """The source of the longest idle chain that ends here, when that can be said in less."""
    found, target = None, int(op.outputs[0])
    size = elements(graph.shape(target))
    for chain in chains(graph, op):
        source = int(chain[0].inputs[0])
        if elements(graph.shape(source)) != size:
            break
        shorter = len(chain) > 1 or graph.kind(op) != "RESHAPE"
        if (shorter or needless(graph, source, target)) and ordered(graph, chain):
            found = source
    return found


def needless(graph: Editor, source: int, target: int) -> bool:
    """Whether those who read the target may as well read the source."""
    return graph.shape(source) == graph.shape(target) and not graph.is_output(target)


def ordered(graph: Editor, chain: list[Any]) -> bool:
    """Whether all values stay in their order."""
    if all(graph.kind(op) == "RESHAPE" for op in chain):
        return True
    moved = positions(graph, chain).reshape(-1)
    return bool((np.diff(moved) == 1).all())

"""Ways through a graph from its ends, for nodes of TensorFlow's as for those read without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def node_of(reference: str) -> str:
    """The node of a reference such as `^name` or `name:0`."""
    return reference.lstrip("^").split(":", maxsplit=1)[0]


def above(
    ends: Iterable[str], nodes: Mapping[str, Any], sources: Callable[[Any], Iterable[str]]
) -> set[str]:
    """The nodes that these depend on, with themselves, by those inputs that `sources` gives."""
    waiting, seen = [node_of(end) for end in ends], set[str]()
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            waiting += map(node_of, sources(nodes[name]))
    return seen

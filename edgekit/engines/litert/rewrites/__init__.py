"""Rewrites of LiteRT graphs: `match(graph, op) -> bool` and `apply(graph, op)`."""

from edgekit.engines.litert.file import read_rewrites as read_rewrites

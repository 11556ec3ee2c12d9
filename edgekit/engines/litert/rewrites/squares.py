"""Squares to products.

SQUARE(x) is x · x and SQUARED_DIFFERENCE(a, b) is (a - b) · (a - b): the same products, so the
result is equal to the bit. In float nothing is gained; but quantizers and integer kernels know
products better than squares, which they leave in float or to slow code.
"""

from __future__ import annotations

from typing import Any

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build


def match(graph: Editor, op: Any) -> bool:
    """A square of float numbers."""
    return (
        graph.kind(op) in ("SQUARE", "SQUARED_DIFFERENCE")
        and graph.dtype(op.outputs[0]) == "FLOAT32"
    )


def apply(graph: Editor, op: Any) -> None:
    """Replace the op; its output tensor stays."""
    build, root = Build(graph, op), int(op.inputs[0])
    if graph.kind(op) == "SQUARED_DIFFERENCE":
        root = build.binary("SUB", *op.inputs)
    build.binary("MUL", root, root)
    build.finish()

"""Leaky ReLU to a maximum.

For 0 ≤ α ≤ 1, x ≥ α·x exactly where x ≥ 0: so max(x, α·x) is x there and α·x elsewhere, the same
products as in LEAKY_RELU. The Edge TPU has kernels for MUL and MAXIMUM, none for LEAKY_RELU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build


def match(graph: Editor, op: Any) -> bool:
    """A float LEAKY_RELU that is a maximum."""
    return (
        graph.kind(op) == "LEAKY_RELU"
        and graph.dtype(op.outputs[0]) == "FLOAT32"
        and 0 <= op.builtinOptions.alpha <= 1
    )


def apply(graph: Editor, op: Any) -> None:
    """Replace the op; its output tensor stays."""
    build, source = Build(graph, op), int(op.inputs[0])
    slope = np.array([op.builtinOptions.alpha], np.float32)
    small = build.binary("MUL", source, build.constant(slope))
    shape = graph.shape(source)
    build.op("MAXIMUM", [source, small], shape, "MaximumMinimumOptions", 1)
    build.finish()

"""Depth-to-space to a transposition within lines.

With block k, channel (k·i + j)·C + c of position x goes to line i, position k·x + j. Seen as
(N·H, W, k, k·C) the second and the third axis change places: the k·C values that a position gives
to a line are together already. Values are only moved: the result is equal
to the bit. It takes the same time, and litert-quantizer makes transpositions static int8 but leaves
DEPTH_TO_SPACE in float.
"""

from __future__ import annotations

from typing import Any

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build


def match(graph: Editor, op: Any) -> bool:
    """Any DEPTH_TO_SPACE."""
    return graph.kind(op) == "DEPTH_TO_SPACE"


def apply(graph: Editor, op: Any) -> None:
    """Replace the op; its output tensor stays."""
    build, block = Build(graph, op), op.builtinOptions.blockSize
    batch, height, width, channels = graph.shape(op.inputs[0])
    apart = build.reshape(op.inputs[0], (batch * height, width, block, channels // block))
    lines = build.transpose(apart, (0, 2, 1, 3))
    build.reshape(lines, graph.shape(op.outputs[0]))
    build.finish()

"""Reflection padding to slices and concatenation.

Padding by p before and q after along an axis of n puts the slices p, …, 1 (reflect) or p - 1, …, 0
(symmetric) before the tensor, and the slices n - 2, … or n - 1, … after it. Axes are padded one
after the other, the later seeing the margins of the earlier, as the definition has it for corners.
Values are only copied: the result is equal to the bit. XNNPACK has no kernel for MIRROR_PAD, and
LiteRT's own goes through the image value by value.
"""

from __future__ import annotations

from typing import Any

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build

MOST = 16  # margins beyond which slices by the dozen cost more than they save


def match(graph: Editor, op: Any) -> bool:
    """A MIRROR_PAD with constant, small margins."""
    if graph.kind(op) != "MIRROR_PAD" or len(graph.shape(op.inputs[0])) > 4:
        return False
    margins = graph.constant(op.inputs[1])
    return margins is not None and margins.sum() > 0 and margins.max() <= MOST


def apply(graph: Editor, op: Any) -> None:
    """Pad the inner axes first: their slices are then taken of the smaller tensor."""
    margins = graph.constant(op.inputs[1])
    assert margins is not None  # by match
    build, tensor = Build(graph, op), int(op.inputs[0])
    skipped = 1 if op.builtinOptions.mode == graph.schema.MirrorPadMode.REFLECT else 0
    for axis in reversed(range(len(margins))):
        before, after = (int(n) for n in margins[axis])
        last = graph.shape(tensor)[axis] - 1
        places = [skipped + k for k in reversed(range(before))]
        mirrored = [last - skipped - k for k in range(after)]
        parts = [layer(build, tensor, axis, place) for place in places]
        others = [layer(build, tensor, axis, place) for place in mirrored]
        tensor = build.concat([*parts, tensor, *others], axis)
    build.finish()


def layer(build: Build, tensor: int, axis: int, place: int) -> int:
    """One slice of thickness 1 across an axis."""
    begin = [0] * len(build.graph.shape(tensor))
    size = list(build.graph.shape(tensor))
    begin[axis], size[axis] = place, 1
    return build.slice(tensor, begin, size)

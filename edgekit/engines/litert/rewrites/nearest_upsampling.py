"""Nearest-neighbour enlargement to concatenations.

Keras' UpSampling2D(k) lowers to two five-dimensional tiles, keras.ops.image.resize to
RESIZE_NEAREST_NEIGHBOR; XNNPACK has a kernel for neither. With an image as rows of C values, one
for each pixel, k copies of a row side by side are k equal pixels in turn; with the result as rows
of a whole line each, k copies are k equal lines. Values are only copied: the result is equal to
the bit.
"""

from __future__ import annotations

from typing import Any

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build
from edgekit.engines.litert.rewrites._enlargement import enlargement


def match(graph: Editor, op: Any) -> bool:
    """The last op of an enlargement by whole factors."""
    return enlargement(graph, op) is not None


def apply(graph: Editor, op: Any) -> None:
    """Repeat pixels, then lines."""
    found = enlargement(graph, op)
    assert found is not None  # by match
    (batch, height, width, channels), (down, across) = found.shape, found.factors
    build = Build(graph, op)
    pixels = build.reshape(found.source, (batch * height * width, channels))
    wide = build.repeat(pixels, across)
    lines = build.reshape(wide, (batch * height, across * width * channels))
    build.reshape(build.repeat(lines, down), graph.shape(op.outputs[0]))
    build.finish()

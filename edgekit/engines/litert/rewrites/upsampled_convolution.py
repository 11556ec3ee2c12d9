"""Convolution of a nearest-neighbour enlargement to convolution of the small image.

Enlarged s times, the input at position i is x[⌊i / s⌋], which is zero outside the image as the
padding is. With p zeros of padding before, the convolution is

    y[n] = Σ_u w[u] · x[⌊(n + u - p) / s⌋].

Let e = (-p) mod s, n = q·s + P - e with phase 0 ≤ P < s, and t = p + e, a multiple of s. Then

    y[q·s + P - e] = Σ_j x[q - t/s + j] · W[P, j],   W[P, j] = Σ_{u: ⌊(P + u) / s⌋ = j} w[u],

a convolution of x itself with J = ⌊(s + K - 2) / s⌋ + 1 taps for each phase: 2 in place of 3 for
s = 2. The phases become output channels, which depth-to-space interleaves, and the first e
positions are cropped. For a 3×3 kernel and s = 2 that is 4/9 of the products, with 16/9 of the
weights. Sums of weights are rounded once more: float results differ by rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines._phases import Axis, axis, upsampled_kernel
from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build
from edgekit.engines.litert.rewrites._enlargement import Enlargement, enlargement


def match(graph: Editor, op: Any) -> bool:
    """A float CONV_2D of stride 1 on an enlargement, with fewer products on the small image."""
    found = find(graph, op)
    if found is None:
        return False
    vertical, horizontal = axes(graph, op, found)
    fewer = vertical.taps * horizontal.taps < vertical.kernel * horizontal.kernel
    return fewer and min(*vertical.margins, *horizontal.margins) >= 0


def apply(graph: Editor, op: Any) -> None:
    """Replace the convolution; the enlargement dies when nothing else reads it."""
    found = find(graph, op)
    assert found is not None  # by match
    vertical, horizontal = axes(graph, op, found)
    weights = upsampled_kernel(graph.value(op.inputs[1]).astype(np.float64), vertical, horizontal)
    scales, result = (vertical.scale, horizontal.scale), graph.shape(op.outputs[0])
    build = Build(graph, op)
    tensor = build.reshape(found.source, found.shape)
    margins = (0, 0), vertical.margins, horizontal.margins, (0, 0)
    if any(sum(margin) for margin in margins):
        tensor = build.pad(tensor, margins)
    kernel = build.constant(weights.astype(np.float32))
    bias = build.constant(np.tile(graph.value(op.inputs[2]), scales[0] * scales[1]))
    spread = build.interleave(build.convolution(tensor, kernel, bias), scales)
    if graph.shape(spread) != result:
        build.slice(spread, (0, vertical.crop, horizontal.crop, 0), result)
    build.finish()


def find(graph: Editor, op: Any) -> Enlargement | None:
    """The enlargement that a plain convolution reads."""
    if graph.kind(op) != "CONV_2D" or graph.dtype(op.inputs[1]) != "FLOAT32":
        return None
    options, bias = op.builtinOptions, graph.bias(op)
    steps = (options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor)
    fixed = bias is not None and all(graph.constant(i) is not None for i in (op.inputs[1], bias))
    before = graph.producer(op.inputs[0])
    if set(steps) != {1} or not fixed or before is None:
        return None
    whole = graph.shape(op.inputs[1])[3] == graph.shape(op.inputs[0])[3]  # not a grouped one
    return enlargement(graph, before) if whole else None


def axes(graph: Editor, op: Any, found: Enlargement) -> tuple[Axis, Axis]:
    """Height and width."""
    kernel, result = graph.shape(op.inputs[1]), graph.shape(op.outputs[0])
    same = op.builtinOptions.padding == graph.schema.Padding.SAME
    vertical, horizontal = (
        axis(
            found.shape[k], found.factors[k - 1], kernel[k], result[k], (kernel[k] - 1) // 2 * same
        )
        for k in (1, 2)
    )
    return vertical, horizontal

"""Transposed convolution to convolution, depth-to-space and crop.

A transposed convolution of stride s adds, at position n of the uncropped output,

    y[n] = Σ_i x[i] · w[n - i·s].

Write n = q·s + p with phase 0 ≤ p < s, and k = p + j·s with j = q - i. Then

    y[q·s + p] = Σ_{j=0}^{J-1} x[q - j] · w[p + j·s],   J = ⌈K / s⌉,

where w is zero beyond its K taps. For each phase this is an ordinary convolution with J taps over
the input padded by J - 1 zeros on both sides; the phases of both dimensions become output
channels, which depth-to-space interleaves. What padding took away is cropped at the end. There
are no more weights when K is a multiple of s. The sums run over the same products, so float
results differ by rounding only and integer ones not at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines._phases import transposed_kernel
from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import CONV_VERSIONS, Build
from edgekit.engines.litert.rewrites._transposed import axes, constant_layer


def match(graph: Editor, op: Any) -> bool:
    """A TRANSPOSE_CONV with constant weights, whose output is no larger than its sums."""
    if not constant_layer(graph, op):
        return False
    image, weights = graph.dtype(op.inputs[2]), graph.dtype(op.inputs[1])
    if (image, weights) not in CONV_VERSIONS or (graph.bias(op) is None and image != "FLOAT32"):
        return False
    vertical, horizontal = axes(graph, op)
    if all(axis.stride == axis.kernel == 1 for axis in (vertical, horizontal)):
        return False
    return all(
        axis.crop + axis.result <= (axis.size + axis.taps - 1) * axis.stride
        for axis in (vertical, horizontal)
    )


def apply(graph: Editor, op: Any) -> None:
    """Replace the op; its output tensor stays."""
    build, (vertical, horizontal) = Build(graph, op), axes(graph, op)
    strides, taps = (vertical.stride, horizontal.stride), (vertical.taps, horizontal.taps)
    phases, result = strides[0] * strides[1], graph.shape(op.outputs[0])
    tensor = int(op.inputs[2])
    if taps != (1, 1):
        tensor = build.pad(tensor, [(0, 0), *((tap - 1, tap - 1) for tap in taps), (0, 0)])
    kernel = transposed_kernel(graph.value(op.inputs[1]), strides, taps)
    weights, bias = build.constant(kernel, op.inputs[1], phases), graph.bias(op)
    if bias is None:  # CONV_2D has no form without
        added = build.constant(np.zeros(len(kernel), np.float32))
    else:
        added = build.constant(np.tile(graph.value(bias), phases), bias, phases)
    tensor = build.convolution(tensor, weights, added)
    spread = build.interleave(tensor, strides)
    if graph.shape(spread) != result:
        build.slice(spread, (0, vertical.crop, horizontal.crop, 0), result)
    build.finish()

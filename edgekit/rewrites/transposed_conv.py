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
from numpy.typing import NDArray

from edgekit.litert_edit import Editor, int8_version

Array = NDArray[Any]
WEIGHTS = {"FLOAT32", "INT8"}


def match(graph: Editor, op: Any) -> bool:
    """A TRANSPOSE_CONV with constant weights, whose output is no larger than its sums."""
    if graph.kind(op) != "TRANSPOSE_CONV":
        return False
    weights, bias = graph.constant(op.inputs[1]), bias_of(graph, op)
    if weights is None or graph.dtype(op.inputs[1]) not in WEIGHTS:
        return False
    if bias is None and graph.dtype(op.inputs[2]) != "FLOAT32":
        return False
    if bias is not None and graph.constant(bias) is None:
        return False
    strides = (op.builtinOptions.strideH, op.builtinOptions.strideW)
    if strides == (1, 1) and weights.shape[1:3] == (1, 1):
        return False
    source, target = graph.shape(op.inputs[2]), graph.shape(op.outputs[0])
    return all(
        geometry(*axis)[1] + axis[1] <= (axis[0] + geometry(*axis)[0] - 1) * axis[3]
        for axis in axes(op, source, target, weights.shape)
    )


def apply(graph: Editor, op: Any) -> None:
    """Replace the op; its output tensor stays."""
    source, target = op.inputs[2], op.outputs[0]
    weights, bias = graph.constant(op.inputs[1]), bias_of(graph, op)
    assert weights is not None  # by match
    in_shape, out_shape = graph.shape(source), graph.shape(target)
    vertical, horizontal = axes(op, in_shape, out_shape, weights.shape)
    (taps_h, crop_h), (taps_w, crop_w) = geometry(*vertical), geometry(*horizontal)
    stride_h, stride_w = vertical[3], horizontal[3]
    name = graph.tensor(target).name.decode()
    phases = stride_h * stride_w
    batch, rows, columns = in_shape[0], in_shape[1] + taps_h - 1, in_shape[2] + taps_w - 1
    new = []

    padded = source
    if taps_h > 1 or taps_w > 1:
        margins = np.array([[0, 0], [taps_h - 1] * 2, [taps_w - 1] * 2, [0, 0]], np.int32)
        shape = (batch, in_shape[1] + 2 * (taps_h - 1), in_shape[2] + 2 * (taps_w - 1), in_shape[3])
        padded = graph.add_tensor(shape, f"{name};pad", source)
        amount = graph.add_constant(margins, f"{name};margins")
        new.append(
            graph.op(
                "PAD", [source, amount], padded, "PadOptions", version=int8_version(graph, source)
            )
        )

    kernel = graph.add_constant(
        phase_kernel(weights, (stride_h, stride_w), (taps_h, taps_w)),
        f"{name};phases",
        op.inputs[1],
    )
    repeat_scales(graph, kernel, phases)
    inputs = [padded, kernel]
    if bias is None:  # CONV_2D has no form without
        inputs.append(
            graph.add_constant(np.zeros(graph.shape(kernel)[0], np.float32), f"{name};zero")
        )
    else:
        tiled = graph.add_constant(np.tile(constant(graph, bias), phases), f"{name};bias", bias)
        repeat_scales(graph, tiled, phases)
        inputs.append(tiled)
    channels = out_shape[3]
    mixed = graph.add_tensor((batch, rows, columns, phases * channels), f"{name};conv", target)
    new.append(
        graph.op(
            "CONV_2D",
            inputs,
            mixed,
            "Conv2DOptions",
            version=conv_version(graph, op),
            padding=graph.schema.Padding.VALID,
            strideH=1,
            strideW=1,
            dilationHFactor=1,
            dilationWFactor=1,
            fusedActivationFunction=op.builtinOptions.fusedActivationFunction,
        )
    )
    full = (batch, rows * stride_h, columns * stride_w, channels)
    cropped = full != out_shape
    spread = graph.add_tensor(full, f"{name};spread", target) if cropped else target
    new += interleave(graph, mixed, spread, (stride_h, stride_w), name)
    if cropped:
        begin = graph.add_constant(np.array([0, crop_h, crop_w, 0], np.int32), f"{name};begin")
        size = graph.add_constant(np.array(out_shape, np.int32), f"{name};size")
        new.append(
            graph.op(
                "SLICE",
                [spread, begin, size],
                target,
                "SliceOptions",
                version=int8_version(graph, target),
            )
        )
    graph.replace([op], new)


Axis = tuple[int, int, int, int, bool]


def axes(
    op: Any, source: tuple[int, ...], target: tuple[int, ...], weights: tuple[int, ...]
) -> tuple[Axis, Axis]:
    """(input size, output size, kernel, stride, same) of height and width."""
    options = op.builtinOptions
    same = options.padding == 0
    return (
        (source[1], target[1], weights[1], options.strideH, same),
        (source[2], target[2], weights[2], options.strideW, same),
    )


def geometry(size: int, result: int, kernel: int, stride: int, same: bool) -> tuple[int, int]:
    """Taps of each phase, and how many leading positions padding takes away."""
    excess = (size - 1) * stride + kernel - result
    return -(-kernel // stride), max(excess, 0) // 2 if same else 0


def phase_kernel(weights: Array, strides: tuple[int, int], taps: tuple[int, int]) -> Array:
    """Weights (O, KH, KW, I) as a kernel (SH·SW·O, JH, JW, I), taps in order of correlation."""
    outputs, height, width, inputs = weights.shape
    (stride_h, stride_w), (taps_h, taps_w) = strides, taps
    whole = np.zeros((outputs, taps_h * stride_h, taps_w * stride_w, inputs), weights.dtype)
    whole[:, :height, :width] = weights
    split = whole.reshape(outputs, taps_h, stride_h, taps_w, stride_w, inputs)
    split = split[:, ::-1, :, ::-1]  # x[q - j]: the first tap meets the latest input last
    ordered = split.transpose(2, 4, 0, 1, 3, 5)
    return ordered.reshape(stride_h * stride_w * outputs, taps_h, taps_w, inputs)


def interleave(
    graph: Editor, mixed: int, target: int, strides: tuple[int, int], name: str
) -> list[Any]:
    """Ops that bring phases from channels into space, for any strides."""
    stride_h, stride_w = strides
    batch, rows, columns, channels = graph.shape(mixed)
    if stride_h == stride_w == 1 or (rows == 1 and stride_h == 1):
        return [reshape(graph, mixed, target, name)]
    if stride_h == stride_w:
        version = int8_version(graph, mixed)
        return [graph.op("DEPTH_TO_SPACE", [mixed], target, "DepthToSpaceOptions",
                         version=version, blockSize=stride_h)]  # fmt: skip
    # (rows, columns, SH, SW·O) with rows and SH side by side is already in order within a line.
    width = channels // stride_h
    apart = graph.add_tensor((batch * rows, columns, stride_h, width), f"{name};apart", mixed)
    beside = graph.add_tensor((batch * rows, stride_h, columns, width), f"{name};beside", mixed)
    order = graph.add_constant(np.array([0, 2, 1, 3], np.int32), f"{name};order")
    version = int8_version(graph, mixed)
    return [
        reshape(graph, mixed, apart, name),
        graph.op("TRANSPOSE", [apart, order], beside, "TransposeOptions", version=version),
        reshape(graph, beside, target, name),
    ]


def reshape(graph: Editor, source: int, target: int, name: str) -> Any:
    """A RESHAPE to the target's shape."""
    shape = graph.add_constant(np.array(graph.shape(target), np.int32), f"{name};shape")
    return graph.op("RESHAPE", [source, shape], target, "ReshapeOptions",
                    newShape=list(graph.shape(target)))  # fmt: skip


def repeat_scales(graph: Editor, index: int, times: int) -> None:
    """Per-channel scales of a tensor whose channels were repeated."""
    quantization = graph.tensor(index).quantization
    if quantization is not None and quantization.scale is not None and len(quantization.scale) > 1:
        quantization.scale = np.tile(quantization.scale, times)
        if quantization.zeroPoint is not None and len(quantization.zeroPoint) > 1:
            quantization.zeroPoint = np.tile(quantization.zeroPoint, times)


def bias_of(graph: Editor, op: Any) -> int | None:
    """The bias tensor, where there is one."""
    return int(op.inputs[3]) if len(op.inputs) > 3 and op.inputs[3] >= 0 else None


def constant(graph: Editor, index: int) -> Array:
    """The value of a tensor that is known to be constant."""
    value = graph.constant(index)
    assert value is not None
    return value


def conv_version(graph: Editor, op: Any) -> int:
    """CONV_2D's version: 3 for int8, 1 for float; 5 for float with int8 weights."""
    if graph.dtype(op.inputs[1]) != "INT8":
        return 1
    return 3 if graph.dtype(op.inputs[2]) == "INT8" else 5

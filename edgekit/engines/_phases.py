"""Kernels that compute all phases of an enlarged image from the small one.

The mathematics is in the rewrites transposed-conv and upsampled-convolution of LiteRT; here are the
numbers, which are those of every engine. Weights are (outputs, height, width, inputs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass
class Axis:
    """One direction: low-resolution positions and the padding they need, taps, what is cropped."""

    scale: int
    kernel: int
    taps: int
    count: int
    margins: tuple[int, int]
    crop: int


def transposed_kernel(weights: Array, strides: tuple[int, int], taps: tuple[int, int]) -> Array:
    """Weights (O, KH, KW, I) as a kernel (SH·SW·O, JH, JW, I), taps in order of correlation."""
    outputs, height, width, inputs = weights.shape
    (stride_h, stride_w), (taps_h, taps_w) = strides, taps
    whole = np.zeros((outputs, taps_h * stride_h, taps_w * stride_w, inputs), weights.dtype)
    whole[:, :height, :width] = weights
    split = whole.reshape(outputs, taps_h, stride_h, taps_w, stride_w, inputs)
    split = split[:, ::-1, :, ::-1]  # x[q - j]: the first tap meets the latest input last
    ordered = split.transpose(2, 4, 0, 1, 3, 5)
    return ordered.reshape(stride_h * stride_w * outputs, taps_h, taps_w, inputs)


def axis(size: int, scale: int, kernel: int, result: int, padding: int) -> Axis:
    """The geometry of one direction, with so many zeros before the enlarged image."""
    crop = -padding % scale
    taps = (scale + kernel - 2) // scale + 1
    count = -(-(result + crop) // scale)
    before = (padding + crop) // scale
    margins = (before, count + taps - 1 - before - size)
    return Axis(scale=scale, kernel=kernel, taps=taps, count=count, margins=margins, crop=crop)


def upsampled_kernel(weights: Array, vertical: Axis, horizontal: Axis) -> Array:
    """Weights (O, KH, KW, I) as a kernel (SH·SW·O, JH, JW, I)."""
    rows, columns = selection(vertical), selection(horizontal)
    summed: Array = np.einsum("pju,qkv,ouvi->pqojki", rows, columns, weights)
    return summed.reshape(-1, vertical.taps, horizontal.taps, weights.shape[3])


def selection(axis: Axis) -> Array:
    """1 where tap u of the kernel falls on tap j of phase P, in the order (P, j, u)."""
    chosen = np.zeros((axis.scale, axis.taps, axis.kernel))
    for phase in range(axis.scale):
        for tap in range(axis.kernel):
            chosen[phase, (phase + tap) // axis.scale, tap] = 1
    return chosen

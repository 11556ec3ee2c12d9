"""Weights on a grid of few bits within int8: engines are as fast as with all 8, files pack smaller.

A grid of b bits holds the whole numbers within ±(2^(b-1) - 1) times a scale; one of 1 bit, ± the
scale. Scales are chosen by the least squared error: of several shares of the largest weight the
best, then in turns the best scale for the codes and the best codes for the scale (Lloyd, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SHARES = np.linspace(1.0, 0.3, 15)  # of the largest weight, that the largest code stands for
TURNS = 4


def most(bits: int) -> int:
    """The largest code of a grid."""
    return max(1, (1 << (bits - 1)) - 1)


def on_grid(weights: Array, bits: int, axes: Sequence[int]) -> tuple[Array, Array]:
    """Codes (int8) and scales (float32) whose products are near the weights.

    Args:
        weights: real values of any shape.
        bits: 1 to 8.
        axes: each of their indices has a scale of its own; without any there is one for all.

    Returns:
        Codes of the weights' shape, and scales of that shape with 1 for all other axes.
    """
    others = [axis for axis in range(weights.ndim) if axis not in axes]
    order = [*axes, *others]
    apart = weights.astype(np.float32).transpose(order)
    rows = apart.reshape(math.prod(apart.shape[: len(axes)]), -1)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    best, least = np.zeros_like(largest), np.full_like(largest, np.inf)
    for share in SHARES.tolist():
        scales = np.maximum(share * largest / most(bits), np.finfo(np.float32).tiny)
        found = error(rows, coded(rows, scales, bits), scales)
        best, least = np.where(found < least, scales, best), np.minimum(found, least)
    for _ in range(TURNS):
        best = fitted(rows, coded(rows, best, bits), best)
    codes = coded(rows, best, bits).astype(np.int8).reshape(apart.shape)
    shape = [n if axis in axes else 1 for axis, n in enumerate(weights.shape)]
    scales = best.astype(np.float32).reshape(
        [weights.shape[axis] for axis in axes] + [1] * len(others)
    )
    back = np.argsort(order)
    return codes.transpose(back), scales.transpose(back).reshape(shape)


def coded(rows: Array, scales: Array, bits: int) -> Array:
    """The nearest codes."""
    if bits == 1:
        return np.where(rows < 0, -1.0, 1.0).astype(np.float32)
    return np.clip(np.rint(rows / scales), -most(bits), most(bits))


def fitted(rows: Array, codes: Array, scales: Array) -> Array:
    """The scales of the least squared error for some codes; as they are where all are 0."""
    power = (codes * codes).sum(axis=1, keepdims=True)
    found = (rows * codes).sum(axis=1, keepdims=True) / np.maximum(power, 1.0)
    return np.where(found > 0, found, scales)


def error(rows: Array, codes: Array, scales: Array) -> Array:
    """The squared error of each row."""
    return np.asarray(((rows - codes * scales) ** 2).sum(axis=1, keepdims=True))

"""Kernel distance between feature distributions (Bińkowski et al. 2018)."""

from __future__ import annotations

import numpy as np

from edgekit.metrics._array import Array

BETTER, KIND, UNIT = "lower", "distribution", ""


def measure(reference: Array, candidate: Array, span: float) -> float:
    """The unbiased squared maximum mean discrepancy of features (N, D), kernel (x·y/D + 1)³.

    May be slightly negative for equal distributions. Needs at least two rows.
    """
    a, b = reference.astype(np.float64), candidate.astype(np.float64)
    width = a.shape[1]

    def kernel(x: Array, y: Array) -> Array:
        return np.asarray((x @ y.T / width + 1) ** 3)

    def off_diagonal_mean(matrix: Array) -> float:
        n = len(matrix)
        return float((matrix.sum() - np.trace(matrix)) / (n * (n - 1)))

    cross = float(kernel(a, b).mean())
    return off_diagonal_mean(kernel(a, a)) + off_diagonal_mean(kernel(b, b)) - 2 * cross

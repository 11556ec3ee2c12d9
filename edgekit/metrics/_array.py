"""Helpers of the metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def squared_error(reference: Array, candidate: Array) -> float:
    """Mean squared difference, in double precision."""
    return float(np.mean(np.square(difference(reference, candidate))))


def difference(reference: Array, candidate: Array) -> Array:
    """candidate - reference, in double precision; shapes must be equal."""
    if reference.shape != candidate.shape:
        raise ValueError(f"shapes differ: {reference.shape} and {candidate.shape}")
    return np.subtract(candidate, reference, dtype=np.float64)

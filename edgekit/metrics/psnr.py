"""Peak signal-to-noise ratio."""

from __future__ import annotations

import numpy as np

from edgekit.metrics._array import Array, squared_error

BETTER, KIND, UNIT = "higher", "sample", "dB"
CEILING = 120.0  # equal arrays: float32 resolves no more


def measure(reference: Array, candidate: Array, span: float) -> float:
    """10·log10(span² / mean squared error) in dB over all rows, at most 120.

    Args:
        reference: (N, …), what the original made.
        candidate: the same shape.
        span: the width of the value range: 2 for -1…1, 255 for 0…255.
    """
    error = squared_error(reference, candidate)
    if error == 0:
        return CEILING
    return float(min(CEILING, 10 * np.log10(span * span / error)))

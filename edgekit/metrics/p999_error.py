"""99.9th percentile of the absolute error."""

from __future__ import annotations

import numpy as np

from edgekit.metrics._array import Array, difference

BETTER, KIND, UNIT = "lower", "any", ""


def measure(reference: Array, candidate: Array, span: float) -> float:
    """The absolute error that one value in a thousand exceeds, in the units of the output."""
    return float(np.percentile(np.abs(difference(reference, candidate)), 99.9))

"""Largest absolute error."""

from __future__ import annotations

import numpy as np

from edgekit.metrics._array import Array, difference

BETTER, KIND, UNIT = "lower", "any", ""


def measure(reference: Array, candidate: Array, span: float) -> float:
    """max |candidate - reference|, in the units of the output."""
    return float(np.abs(difference(reference, candidate)).max())

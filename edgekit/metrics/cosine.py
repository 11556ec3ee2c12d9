"""Cosine similarity."""

from __future__ import annotations

import numpy as np

from edgekit.metrics._array import Array

BETTER, KIND, UNIT = "higher", "any", ""


def measure(reference: Array, candidate: Array, span: float) -> float:
    """The lowest cosine of the angle between paired rows, -1…1; two zero rows count as 1."""
    a = reference.reshape(len(reference), -1).astype(np.float64)
    b = candidate.reshape(len(candidate), -1).astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    equal = (a == b).all(axis=1)
    cosines = np.where(norms > 0, (a * b).sum(axis=1) / np.where(norms > 0, norms, 1.0), 0.0)
    return float(np.where(equal, 1.0, cosines).min())

"""Fréchet distance between feature distributions (Heusel et al. 2017)."""

from __future__ import annotations

import numpy as np

from edgekit.metrics._array import Array

BETTER, KIND, UNIT = "lower", "distribution", ""


def measure(reference: Array, candidate: Array, span: float) -> float:
    """The squared Wasserstein-2 distance of Gaussians fitted to features (N, D) of both.

    |μ₁-μ₂|² + tr(Σ₁ + Σ₂ - 2(Σ₁Σ₂)^½). The trace of the root comes from the singular values of
    the product of the centred features, which needs no D×D matrix root.
    """
    a, b = reference.astype(np.float64), candidate.astype(np.float64)
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    a = (a - mean_a) / np.sqrt(max(len(a) - 1, 1))
    b = (b - mean_b) / np.sqrt(max(len(b) - 1, 1))
    # (Σ₁Σ₂)^½ has the trace Σσ(ABᵀ), for Σ₁ = AᵀA and Σ₂ = BᵀB.
    root_trace = float(np.linalg.svd(a @ b.T, compute_uv=False).sum())
    spread = float((a * a).sum() + (b * b).sum())
    return max(0.0, float(np.square(mean_a - mean_b).sum()) + spread - 2 * root_trace)

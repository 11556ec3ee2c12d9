"""Structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004)."""

from __future__ import annotations

import numpy as np

from edgekit.metrics._array import Array

BETTER, KIND, UNIT = "higher", "image", ""
WINDOW = 7


def measure(reference: Array, candidate: Array, span: float) -> float:
    """Mean SSIM over images and channels, at most 1, with a uniform 7×7 window.

    Args:
        reference: images (N, H, W, C), H and W at least 7.
        candidate: the same shape.
        span: the width of the value range.
    """
    x, y = reference.astype(np.float64), candidate.astype(np.float64)
    samples = WINDOW * WINDOW
    unbiased = samples / (samples - 1)
    mean_x, mean_y = box_mean(x), box_mean(y)
    var_x = unbiased * (box_mean(x * x) - mean_x * mean_x)
    var_y = unbiased * (box_mean(y * y) - mean_y * mean_y)
    covariance = unbiased * (box_mean(x * y) - mean_x * mean_y)
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    top = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    bottom = (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    return float((top / bottom).mean())


def box_mean(images: Array) -> Array:
    """Means over every full WINDOW×WINDOW square of images (N, H, W, C), by summed areas."""
    sums = np.pad(images, ((0, 0), (1, 0), (1, 0), (0, 0))).cumsum(axis=1).cumsum(axis=2)
    k = WINDOW
    boxes = sums[:, k:, k:] - sums[:, :-k, k:] - sums[:, k:, :-k] + sums[:, :-k, :-k]
    return np.asarray(boxes / (k * k))

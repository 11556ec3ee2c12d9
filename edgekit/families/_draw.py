"""Draws an input's values from its domains, alike on every machine: docs/bundle.md, Domains.

Every value takes one random number u between 0 and 1, whatever it is made into: so more rows begin
with the same ones, and a domain changes its own columns only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.rng import Random, normal_quantile
from edgekit.domain import Domain
from edgekit.model import Prior

Array = NDArray[Any]
BOXES = 5  # in a mask, as far as its random numbers reach


def prior_values(prior: Prior, u: Array) -> Array:
    """Latents as in training: normal in float32, or uniform in -1…1."""
    return 2 * u - 1 if prior == "uniform" else normal_quantile(u).astype(np.float32)


def drawn(shape: Sequence[int], domains: Sequence[Domain], prior: Prior, random: Random) -> Array:
    """Values (N, …): of the prior, then of each domain in its columns of the last axis.

    In vectors, whatever axis they lie on, a one-hot class is 0, 1, 2, … in turn.
    """
    count, *inner = shape
    vector = sum(size > 1 for size in inner) <= 1
    u = random.uniform((count, int(np.prod(inner))) if vector else shape)
    values = prior_values(prior, u).astype(np.float64)
    for domain in domains:
        first, last = domain.columns or (0, u.shape[-1] - 1)
        here = slice(first, last + 1)
        values[..., here] = of_domain(domain, u[..., here], vector)
    return values.reshape(shape)


def of_domain(domain: Domain, u: Array, vector: bool) -> Array:
    """The values that random numbers (N, …) stand for."""
    low, high = domain.bounds
    if domain.distribution == "normal":
        return np.asarray(domain.mean + domain.deviation * normal_quantile(u))
    if domain.distribution == "uniform":
        return np.asarray(low + (high - low) * u)
    if domain.distribution == "integers":
        return whole(low, high, u)
    width = u.shape[-1]
    if domain.distribution == "mask":
        return np.repeat(regions(low, high, u[..., 0])[..., None], width, axis=-1)
    if vector:
        return one_hot(np.arange(len(u)) % width, width)
    return one_hot(regions(0, width - 1, u[..., 0]).astype(np.int64), width)


def one_hot(classes: Array, width: int) -> Array:
    """Class numbers (…) as rows (…, width) of a 1 among zeros."""
    return np.asarray(classes[..., None] == np.arange(width), np.float64)


def whole(low: float, high: float, u: Array) -> Array:
    """Whole numbers from `low` to `high`, each as likely."""
    return np.asarray(low + np.floor(u * (high - low + 1)))


def regions(low: float, high: float, u: Array) -> Array:
    """Whole numbers (N, *space) that are constant over boxes, on a ground of one.

    The numbers of a row of `u` say, in order: the ground; then for each box, along each axis, where
    it begins and its length (at most half of the axis), and its value.
    """
    maps = np.empty(u.shape)
    axes = u.shape[1:]
    step = 2 * len(axes) + 1
    for row, numbers in zip(maps, u.reshape(len(u), -1), strict=True):
        row[...] = whole(low, high, numbers[0])
        for box in range(min(BOXES, (len(numbers) - 1) // step)):
            told = numbers[1 + box * step :][:step]
            place = []
            for axis, size in enumerate(axes):
                start = int(told[2 * axis] * size)
                place.append(slice(start, start + 1 + int(told[2 * axis + 1] * (size // 2))))
            row[tuple(place)] = whole(low, high, told[-1])
    return maps

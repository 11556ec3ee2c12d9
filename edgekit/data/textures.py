"""Synthetic textures: stand-ins for photographs where no data was given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.layout import channels_first
from edgekit.data.rng import Random


def textures(
    shape: Sequence[int], random: Random, span: tuple[float, float]
) -> NDArray[np.float32]:
    """Signals of `shape` (N, *space, C), or pictures (N, C, H, W), that span the range `span`.

    Each is noise whose spectrum falls about as that of photographs (Field 1987), mostly common to
    the channels, and, in two dimensions, a few flat rectangles, whose sharp edges noise lacks.
    """
    if channels_first(shape):
        count, channels, *space = shape
        return textures((count, *space, channels), random, span).transpose(0, 3, 1, 2)
    count, *space, channels = shape
    out = np.empty(shape, np.float32)
    for row in range(count):
        common = _pink_noise(space, random)
        for channel in range(channels):
            out[row, ..., channel] = common + 0.4 * _pink_noise(space, random)
        if len(space) == 2:
            _add_rectangles(out[row], random)
        low, high = out[row].min(), out[row].max()
        out[row] = (out[row] - low) / max(high - low, 1e-6)
    return out * np.float32(span[1] - span[0]) + np.float32(span[0])


def _pink_noise(space: Sequence[int], random: Random) -> NDArray[Any]:
    """Noise whose amplitude falls as frequency^-1.3, deviation 1."""
    frequencies = np.meshgrid(*(np.fft.fftfreq(size) for size in space), indexing="ij")
    radius = np.sqrt(sum(f * f for f in frequencies))
    radius.flat[0] = np.inf
    spectrum = np.fft.fftn(random.normal(space)) / np.maximum(radius, 1e-3) ** 1.3
    noise = np.fft.ifftn(spectrum).real
    return np.asarray(noise / max(float(noise.std()), 1e-6))


def _add_rectangles(image: NDArray[np.float32], random: Random) -> None:
    """Lay five rectangles of random place and colour over an image (H, W, C), in place.

    Each is at most a third as high and wide as the image, so that they never cover all of it.
    """
    height, width, channels = image.shape
    for _ in range(5):
        y, x = (int(random.integers(size, ())) for size in (height, width))
        tall, wide = (1 + int(random.integers(max(1, n // 3), ())) for n in (height, width))
        image[y : y + tall, x : x + wide] = 2 * random.normal((channels,))

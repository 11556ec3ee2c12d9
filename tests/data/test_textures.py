"""Synthetic textures look like photographs where it counts for calibration."""

import numpy as np
import pytest

from edgekit.data.rng import Random
from edgekit.data.textures import textures


@pytest.mark.parametrize("span", [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)])
@pytest.mark.parametrize("shape", [(3, 16, 16, 3), (3, 9, 21, 1), (3, 400, 1), (3, 8, 8, 8, 2)])
def test_each_row_spans_the_range(shape: tuple[int, ...], span: tuple[float, float]) -> None:
    rows = textures(shape, Random(0), span)
    assert rows.shape == shape
    assert rows.dtype == np.float32
    flat = rows.reshape(len(rows), -1)
    assert (flat.min(1) == span[0]).all()
    assert (flat.max(1) == span[1]).all()


def test_the_same_seed_gives_the_same_textures() -> None:
    first, again, other = (textures((2, 8, 8, 3), Random(s), (0, 1)) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])


def test_one_pixel_is_no_error() -> None:
    assert textures((2, 1, 1, 3), Random(0), (0, 1)).shape == (2, 1, 1, 3)


def test_amplitude_falls_with_frequency_as_in_photographs() -> None:
    """Field (1987): about as 1/f, a slope of -1 in logarithms; edges have that slope too."""
    images = textures((16, 64, 64, 1), Random(0), (0, 1))[..., 0]
    amplitude = np.abs(np.fft.fft2(images)).mean(axis=0)
    radius = np.hypot(*np.meshgrid(*[np.fft.fftfreq(64)] * 2))
    middle = (radius > 2 / 64) & (radius < 0.4)
    slope = np.polyfit(np.log(radius[middle]), np.log(amplitude[middle]), 1)[0]
    # White noise has slope 0, a smooth gradient below -2.
    assert -1.7 < slope < -0.7


def test_there_are_flat_areas_with_sharp_edges() -> None:
    """Noise alone has neither: its neighbours differ, and by less than half of the range."""
    images = textures((24, 64, 64, 1), Random(0), (0, 1))
    steps = np.abs(np.diff(images, axis=2)).reshape(24, -1)
    assert np.median(steps.max(axis=1)) > 0.5
    assert ((steps == 0).mean(axis=1) > 0.01).all()


def test_channels_are_alike() -> None:
    sounds = textures((8, 400, 2), Random(0), (0, 1))
    correlations = [np.corrcoef(sound.T)[0, 1] for sound in sounds]
    assert 0.6 < np.mean(correlations) < 0.99


def test_rectangles_leave_most_of_the_picture() -> None:
    images = textures((32, 32, 32, 1), Random(3), (0, 1)).reshape(32, -1)
    # Five rectangles of a sixth by a sixth on average.
    flat = [1 - len(np.unique(row)) / len(row) for row in images]
    assert max(flat) < 0.6
    assert 0.05 < np.mean(flat) < 0.25

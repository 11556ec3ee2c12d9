"""Pictures go to PNG and back without loss."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from PIL import Image

from edgekit.data.images import from_uint8, grid, pictures, png, to_uint8

SPANS = [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-0.5, 0.5), (-128.0, 127.0)]
PIXELS = st.sampled_from([1, 3]).flatmap(
    lambda channels: npst.arrays(
        np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(channels))
    )
)


@given(PIXELS)
def test_png_decodes_to_the_same_pixels(image: NDArray[np.uint8]) -> None:
    with Image.open(io.BytesIO(png(image))) as decoded:
        assert decoded.mode == ("L" if image.shape[2] == 1 else "RGB")
        assert np.array_equal(np.asarray(decoded).reshape(image.shape), image)


def test_png_of_a_view() -> None:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)[::-1, ::2]
    with Image.open(io.BytesIO(png(image))) as decoded:
        assert np.array_equal(np.asarray(decoded), image)


@given(npst.arrays(np.uint8, (2, 3, 3, 1)), st.sampled_from(SPANS))
def test_pixels_survive_the_value_range(
    pixels: NDArray[np.uint8], span: tuple[float, float]
) -> None:
    values = from_uint8(pixels, span)
    assert values.dtype == np.float32
    # One rounding of the product and one of the sum, each at most 2^-24 of 256.
    assert values.min() >= span[0] - 1e-4
    assert values.max() <= span[1] + 1e-4
    assert np.array_equal(to_uint8(values, span), pixels)


@given(npst.arrays(np.float32, (20,), elements=st.floats(-2, 2, width=32)))
def test_to_uint8_rounds_and_clips(values: NDArray[np.float32]) -> None:
    expected = [min(255, max(0, (float(v) + 1) / 2 * 255)) for v in values]
    # Half a level of rounding, and float32 arithmetic (2^-22 of 255) at the ties.
    np.testing.assert_allclose(to_uint8(values, (-1.0, 1.0)), expected, atol=0.5001)


def test_without_a_range_the_extremes_are_black_and_white() -> None:
    assert to_uint8(np.array([3.0, 5.0, 7.0]), None).tolist() == [0, 128, 255]
    assert to_uint8(np.full(3, 4.0), None).tolist() == [0, 0, 0]
    assert from_uint8(np.array([0, 255], np.uint8), None).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 8, 9, 1), (2, 8, 9, 1)),
        ((2, 8, 9, 3), (2, 8, 9, 3)),
        ((2, 8, 9, 4), (2, 8, 9, 3)),  # transparency is not shown
        ((2, 3, 8, 9), (2, 8, 9, 3)),  # channels first
        ((2, 1, 8, 9), (2, 8, 9, 1)),
        ((2, 8, 9), (2, 8, 9, 1)),
        ((2, 100), None),
        ((2, 100, 1), None),  # a sound
        ((2, 8, 9, 16), None),
    ],
)
def test_which_rows_are_pictures(shape: tuple[int, ...], expected: tuple[int, ...] | None) -> None:
    images = np.arange(np.prod(shape)).reshape(shape)
    shaped = pictures(images)
    assert (None if shaped is None else shaped.shape) == expected


def test_channels_first_is_a_transposition() -> None:
    images = np.arange(2 * 3 * 8 * 9).reshape(2, 3, 8, 9)
    shaped = pictures(images)
    assert shaped is not None
    assert shaped[1, 5, 7, 2] == images[1, 2, 5, 7]


@given(st.integers(1, 12), st.integers(1, 5) | st.none())
def test_grid_holds_every_picture_in_reading_order(count: int, columns: int | None) -> None:
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((3, 4, 1), np.uint8)
    sheet = grid(images, columns, gap=2)
    wide = columns or int(np.ceil(np.sqrt(count)))
    for k in range(count):
        y, x = k // wide * 5, k % wide * 6
        assert (sheet[y : y + 3, x : x + 4] == k).all()
    assert (sheet == 255).sum() == sheet.size - 12 * count, "white everywhere else"

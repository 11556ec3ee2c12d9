import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from edgekit.measure.fidelity import is_image
from edgekit.metrics import ssim

SIZES = st.tuples(st.integers(7, 16), st.integers(7, 16), st.sampled_from([1, 3]))


@given(st.integers(0, 999), SIZES, st.floats(0, 1), st.sampled_from([1.0, 2.0, 255.0]))
def test_against_scikit_image(
    seed: int, size: tuple[int, int, int], deviation: float, span: float
) -> None:
    random = np.random.default_rng(seed)
    a = random.random((2, *size)) * span
    b = a + random.normal(0, deviation * span, a.shape)
    expected = [
        structural_similarity(x, y, win_size=7, data_range=span, channel_axis=-1)
        for x, y in zip(a, b, strict=True)
    ]
    # Box sums by differences of running sums lose some of a double's 16 digits; both lose others.
    assert ssim.measure(a, b, span) == pytest.approx(np.mean(expected), abs=1e-9)


def test_large_pictures_keep_their_precision() -> None:
    random = np.random.default_rng(0)
    a = np.rint(random.random((1, 400, 400, 1)) * 255)
    b = np.clip(a + np.rint(random.normal(0, 20, a.shape)), 0, 255)
    expected = structural_similarity(a[0, ..., 0], b[0, ..., 0], win_size=7, data_range=255)
    assert ssim.measure(a, b, 255.0) == pytest.approx(expected, abs=1e-9)


def test_an_inverted_picture_is_unlike() -> None:
    a = np.random.default_rng(0).random((1, 16, 16, 1))
    assert ssim.measure(a, 1 - a, 1.0) < -0.5


def test_the_smallest_picture_it_is_used_on() -> None:
    smallest = np.zeros((1, ssim.WINDOW, ssim.WINDOW, 1))
    assert is_image(smallest)
    assert not is_image(smallest[:, 1:])
    assert ssim.measure(smallest, smallest, 1.0) == 1.0

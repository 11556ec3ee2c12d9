import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio

from edgekit.metrics import psnr


@given(st.integers(0, 999), st.floats(1e-4, 1), st.sampled_from([1.0, 2.0, 255.0]))
def test_against_scikit_image(seed: int, deviation: float, span: float) -> None:
    random = np.random.default_rng(seed)
    a = random.random((3, 5, 7, 1)) * span
    b = a + random.normal(0, deviation * span, a.shape)
    expected = peak_signal_noise_ratio(a, b, data_range=span)
    # Both in double precision, sums in another order.
    assert psnr.measure(a, b, span) == pytest.approx(expected, rel=1e-12)


def test_an_error_of_a_tenth_of_the_range_is_20_db() -> None:
    a = np.zeros((2, 4, 4, 1))
    assert psnr.measure(a, a + 0.2, span=2.0) == pytest.approx(20, abs=1e-9)


def test_ceiling() -> None:
    a = np.zeros((1, 4))
    assert psnr.measure(a, a, 1.0) == psnr.measure(a, a + 1e-9, 1.0) == 120.0

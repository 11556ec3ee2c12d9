import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance

from edgekit.metrics import cosine


@given(st.integers(0, 999), st.integers(1, 5))
def test_the_worst_row_against_scipy(seed: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, rows, 2, 3))
    expected = min(1 - distance.cosine(x.ravel(), y.ravel()) for x, y in zip(a, b, strict=True))
    # Double precision, sums in another order.
    assert cosine.measure(a, b, 1.0) == pytest.approx(expected, abs=1e-12)


def test_zero_rows() -> None:
    zero, one = np.zeros((1, 3)), np.ones((1, 3))
    assert cosine.measure(zero, zero, 1.0) == 1.0
    assert cosine.measure(zero, one, 1.0) == cosine.measure(one, zero, 1.0) == 0.0


def test_opposite_rows() -> None:
    one = np.ones((1, 4))
    assert cosine.measure(one, -one, 1.0) == pytest.approx(-1, abs=1e-12)

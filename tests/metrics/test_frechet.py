import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgekit.metrics import frechet


def textbook(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The formula of Heusel et al. (2017), with a matrix root."""
    covariances = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    gap = a.mean(0) - b.mean(0)
    return float(gap @ gap + np.trace(covariances[0] + covariances[1] - 2 * root))


@given(st.integers(0, 999), st.integers(2, 6), st.floats(0.1, 3), st.floats(-2, 2))
def test_against_the_matrix_root(seed: int, width: int, scale: float, shift: float) -> None:
    random = np.random.default_rng(seed)
    mix = random.normal(size=(width, width))
    a = random.normal(size=(30, width)) @ mix
    b = scale * random.normal(size=(50, width)) + shift
    # The root of a matrix is good to about half of a double's digits when it is near singular.
    assert frechet.measure(a, b, 1.0) == pytest.approx(textbook(a, b), rel=1e-6, abs=1e-6)


def test_two_gaussians_in_closed_form() -> None:
    """(μ₁-μ₂)² + (σ₁-σ₂)² in one dimension: 3² + (2-1)² here."""
    a = np.array([-1.0, 1.0])[:, None] / np.sqrt(2)  # deviation 1 with n - 1
    assert frechet.measure(2 * a, a + 3, 1.0) == pytest.approx(10, abs=1e-12)


def test_fewer_rows_than_features() -> None:
    """A covariance without inverse, where matrix roots fail, is nothing special here."""
    a = np.random.default_rng(0).normal(size=(5, 40))
    assert frechet.measure(a, a + 1, 1.0) == pytest.approx(40, abs=1e-9)
    assert frechet.measure(a, a[::-1], 1.0) == pytest.approx(0, abs=1e-9)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgekit.metrics import kid

Array = NDArray[np.float64]


def by_loops(a: Array, b: Array) -> float:
    """The unbiased estimator of Bińkowski et al. (2018), equation 4."""

    def kernel(x: Array, y: Array) -> float:
        return (sum(p * q for p, q in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(rows: Array) -> float:
        n = len(rows)
        pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
        return sum(kernel(rows[i], rows[j]) for i, j in pairs) / (n * (n - 1))

    across = sum(kernel(x, y) for x in a for y in b) / (len(a) * len(b))
    return float(within(a) + within(b) - 2 * across)


@given(st.integers(0, 999), st.integers(2, 6), st.integers(2, 6), st.integers(1, 4))
def test_against_loops(seed: int, rows: int, others: int, width: int) -> None:
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(rows, width)), random.normal(1, 2, size=(others, width))
    # Kernels reach about 10^4 here; sums of them in another order differ by 10^-12 of that.
    assert kid.measure(a, b, 1.0) == pytest.approx(by_loops(a, b), abs=1e-8)


def test_equal_distributions_scatter_around_zero() -> None:
    random = np.random.default_rng(0)
    values = [kid.measure(*random.normal(size=(2, 30, 4)), 1.0) for _ in range(100)]
    # The mean of 100 values lies within 4 standard errors of 0.
    assert abs(np.mean(values)) < 4 * np.std(values) / 10
    assert min(values) < 0 < max(values)
    assert kid.measure(random.normal(size=(30, 4)), random.normal(1, 1, (30, 4)), 1.0) > 1

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.metrics import sqnr


@given(st.integers(0, 999), st.floats(1e-3, 10))
def test_against_loops(seed: int, deviation: float) -> None:
    random = np.random.default_rng(seed)
    a = random.normal(size=(3, 4))
    b = a + random.normal(0, deviation, a.shape)
    signal = sum(float(x) ** 2 for x in a.ravel())
    noise = sum((float(x) - float(y)) ** 2 for x, y in zip(a.ravel(), b.ravel(), strict=True))
    # Sums of a dozen doubles in another order.
    assert sqnr.measure(a, b, 1.0) == pytest.approx(10 * math.log10(signal / noise), abs=1e-10)


def test_it_does_not_depend_on_the_scale_of_the_output() -> None:
    a = np.array([[1.0, -2.0]])
    assert sqnr.measure(a, 1.1 * a, 1.0) == pytest.approx(20, abs=1e-9)
    assert sqnr.measure(1000 * a, 1100 * a, 1.0) == pytest.approx(20, abs=1e-9)


def test_a_zero_reference() -> None:
    zero = np.zeros((1, 3))
    assert sqnr.measure(zero, zero, 1.0) == 120.0
    assert sqnr.measure(zero, zero + 1, 1.0) == -120.0

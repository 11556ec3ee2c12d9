"""max-error and p999-error against plain loops."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from edgekit.metrics import max_error, p999_error

PAIRS = npst.array_shapes(min_dims=1, max_dims=4, max_side=4).flatmap(
    lambda shape: st.tuples(
        *[npst.arrays(np.float32, shape, elements=st.floats(-1e6, 1e6, width=32))] * 2
    )
)


@given(PAIRS)
def test_against_loops(pair: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    a, b = pair
    errors = sorted(abs(float(x) - float(y)) for x, y in zip(a.ravel(), b.ravel(), strict=True))
    # The difference of two float32 is exact in double, or rounded the same way in both.
    assert max_error.measure(a, b, 1.0) == errors[-1]
    # Linear between the neighbouring order statistics; 1e-12 for the order of the roundings.
    place = 0.999 * (len(errors) - 1)
    low, high = errors[math.floor(place)], errors[math.ceil(place)]
    expected = low + (high - low) * (place - math.floor(place))
    assert math.isclose(p999_error.measure(a, b, 1.0), expected, rel_tol=1e-12, abs_tol=1e-12)


def test_p999_ignores_one_value_in_a_thousand() -> None:
    a = np.zeros((10, 1000), np.float32)
    b = a.copy()
    b[:, 0] = 5.0
    assert max_error.measure(a, b, 1.0) == 5.0
    b[0, 0] = 0.0  # 9 of 10,000 are left
    assert p999_error.measure(a, b, 1.0) == 0.0

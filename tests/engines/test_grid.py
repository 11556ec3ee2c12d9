"""Weights on a grid of few bits, against what NumPy says of plain rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.engines._grid import most, on_grid


def drawn(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def plainly(rows: np.ndarray, bits: int) -> np.ndarray:
    """Each row rounded to nearest, its largest weight being the largest code."""
    scales = np.abs(rows).max(axis=1, keepdims=True) / most(bits)
    return np.round(rows / scales) * scales


def power(values: np.ndarray) -> float:
    return float(np.square(values, dtype=np.float64).sum())


@given(
    bits=st.integers(2, 8),
    rows=st.integers(1, 5),
    count=st.integers(1, 60),
    seed=st.integers(0, 99),
)
def test_never_worse_than_rounding_to_nearest(bits: int, rows: int, count: int, seed: int) -> None:
    weights = drawn((rows, count), seed)
    codes, scales = on_grid(weights, bits, (0,))
    assert codes.dtype == np.int8
    assert np.abs(codes).max() <= most(bits)
    assert scales.shape == (rows, 1)
    plain = power(weights - plainly(weights, bits))
    assert power(weights - codes * scales) <= 1.0001 * plain + 1e-12 * power(weights)


def test_each_bit_is_worth_about_six_decibels() -> None:
    weights = drawn((16, 4096), 0)
    found = []
    for bits in range(3, 9):
        codes, scales = on_grid(weights, bits, (0,))
        found.append(10 * np.log10(power(weights) / power(weights - codes * scales)))
    assert np.diff(found) == pytest.approx(5.5, abs=0.8), "normal weights: the grid grows with them"


def test_one_bit_is_the_sign_and_two_are_three_values() -> None:
    weights = drawn((1, 1000), 0)
    codes, scales = on_grid(weights, 1, (0,))
    assert np.array_equal(codes, np.where(weights < 0, -1, 1))
    assert scales.item() == pytest.approx(np.abs(weights).mean(), rel=1e-5)
    assert set(np.unique(on_grid(weights, 2, (0,))[0])) == {-1, 0, 1}


@pytest.mark.parametrize("axes", [(), (0,), (1,), (2,), (0, 2), (0, 1, 2)])
def test_each_index_of_some_axes_has_a_scale(axes: tuple[int, ...]) -> None:
    weights = drawn((3, 4, 5), 1)
    codes, scales = on_grid(weights, 4, axes)
    assert codes.shape == weights.shape
    assert scales.shape == tuple(n if k in axes else 1 for k, n in enumerate(weights.shape))
    for index in np.ndindex(*scales.shape):
        place = tuple(slice(None) if n == 1 else slice(i, i + 1)
                      for i, n in zip(index, scales.shape, strict=True))  # fmt: skip
        alone, scale = on_grid(weights[place].reshape(1, -1), 4, (0,))
        assert np.array_equal(codes[place].ravel(), alone.ravel())
        assert scales[index] == pytest.approx(scale.item())


def test_what_lies_on_the_grid_stays() -> None:
    codes = np.random.default_rng(0).integers(-7, 8, (4, 100)).astype(np.int8)
    codes[:, 0] = 7
    scales = np.float32([[0.5], [3e-3], [1e4], [1.0]])
    found, told = on_grid(codes * scales, 4, (0,))
    assert np.array_equal(found, codes)
    np.testing.assert_allclose(told, scales, rtol=1e-6)


def test_zeros_have_a_scale_all_the_same() -> None:
    """XNNPACK loads no scale of 0."""
    codes, scales = on_grid(np.zeros((2, 8), np.float32), 4, (0,))
    assert not codes.any()
    assert (scales > 0).all()

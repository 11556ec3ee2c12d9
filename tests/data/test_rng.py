"""The same seed gives the same latents on every machine, and they are standard normal."""

from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from edgekit.data.rng import Random, normal_quantile
from edgekit.errors import InputError

SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
SEEDS = st.integers(0, 2**64)


def test_normal_values_are_pinned() -> None:
    """Bundles hold golden samples made from these: a change here breaks every one of them."""
    expected = ["0x1.468b66p-2", "0x1.440db8p+0", "0x1.83f1bp-1", "-0x1.826b3cp-1"]
    assert Random(7).normal((4,)).tolist() == [float.fromhex(value) for value in expected]


def test_other_draws_are_pinned() -> None:
    assert Random(7).integers(10, (8,)).tolist() == [6, 8, 7, 2, 3, 8, 0, 8]
    assert Random(7, stream=1).integers(10, (8,)).tolist() == [7, 1, 1, 1, 4, 5, 9, 3]


@given(SEEDS)
def test_uniform_values_are_those_of_numpy(seed: int) -> None:
    bits = np.random.PCG64(np.random.SeedSequence([seed, 3]))
    # NumPy gives multiples of 2^-53, these lie in the middle between multiples of 2^-52.
    expected = np.random.Generator(bits).random(20)
    assert np.abs(Random(seed, stream=3).uniform((20,)) - expected).max() <= 2.0**-53


@given(SEEDS, SHAPES)
def test_shape_and_dtype(seed: int, shape: tuple[int, ...]) -> None:
    uniform, normal = Random(seed).uniform(shape), Random(seed).normal(shape)
    assert uniform.shape == normal.shape == shape
    assert (uniform.dtype, normal.dtype) == (np.float64, np.float32)
    assert np.all((uniform > 0) & (uniform < 1))
    assert np.isfinite(normal).all()


@given(SEEDS, st.integers(1, 6), st.integers(7, 12))
def test_asking_for_more_rows_keeps_the_first(seed: int, few: int, many: int) -> None:
    assert np.array_equal(Random(seed).normal((few, 5)), Random(seed).normal((many, 5))[:few])


@given(SEEDS)
def test_seeds_and_streams_differ(seed: int) -> None:
    draws = [Random(seed), Random(seed + 1), Random(seed, stream=1)]
    values = np.stack([random.uniform((4,)) for random in draws])
    assert len(np.unique(values)) == 12


@given(SEEDS, st.integers(1, 2**31), SHAPES)
def test_integers_lie_below(seed: int, below: int, shape: tuple[int, ...]) -> None:
    values = Random(seed).integers(below, shape)
    assert values.shape == shape
    assert np.all((values >= 0) & (values < below))


def test_integers_are_equally_frequent() -> None:
    counts = np.bincount(Random(3).integers(6, (6000,)), minlength=6)
    assert scipy.stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("word", [0, 2**64 - 1])
def test_the_extreme_words_of_the_bit_stream(word: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 and 1 themselves have no normal quantile and no integer below the bound."""

    class Bits:
        def random_raw(self, size: int) -> np.ndarray:
            return np.full(size, word, np.uint64)

    random = Random(0)
    monkeypatch.setattr(random, "_bits", Bits())
    assert 0 < random.uniform((1,))[0] < 1
    assert random.integers(10, (1,))[0] in (0, 9)
    # Φ⁻¹(2^-53) = ±8.2095, the largest value that can be drawn.
    assert abs(random.normal((1,))[0]) == pytest.approx(8.2095, abs=1e-4)


def test_quantile_agrees_with_scipy() -> None:
    powers = 2.0 ** -np.arange(1.01, 53, 0.013)
    p = np.concatenate([powers, 1 - powers, np.linspace(1e-6, 1 - 1e-6, 20_001)])
    p = p[(p < 1) & (p != 0.5)]
    # Both are good to about 4 units of the last place of a double (2.2e-16 each).
    np.testing.assert_allclose(normal_quantile(p), scipy.stats.norm.ppf(p), rtol=2e-15)


def test_normal_values_are_normal() -> None:
    values = Random(11).normal((20_000,))
    assert scipy.stats.kstest(values, "norm").pvalue > 0.01


@pytest.mark.parametrize("seed", [1.5, "7", True, None])
def test_a_seed_is_a_whole_number(seed: Any) -> None:
    with pytest.raises(InputError, match=rf"seed is {seed!r}; a seed is a whole number, 0 or more"):
        Random(seed)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(InputError, match="seed -1 is negative; a seed is 0 or more"):
        Random(-1)

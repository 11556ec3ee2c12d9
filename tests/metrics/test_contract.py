"""Every metric is a plain function with a direction, which equal arrays satisfy best."""

import inspect
import math
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit import plugin

MODULES = [plugin.load("metrics", name) for name in plugin.names("metrics")]
METRICS = pytest.mark.parametrize("metric", MODULES, ids=plugin.names("metrics"))
# kid is unbiased: for equal arrays it scatters around 0, see test_kid.
IDEAL = {"max-error": 0, "p999-error": 0, "frechet": 0, "psnr": 120, "sqnr": 120, "ssim": 1,
         "cosine": 1}  # fmt: skip


def sample(metric: ModuleType) -> NDArray[np.float32]:
    shape = (40, 6) if metric.KIND == "distribution" else (4, 9, 9, 3)
    return np.random.default_rng(0).random(shape, np.float32)


def noisy(array: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    noise = np.random.default_rng(1).normal(0, deviation, array.shape)
    return (array + noise).astype(np.float32)


@METRICS
def test_module(metric: ModuleType) -> None:
    assert metric.BETTER in ("higher", "lower")
    assert metric.KIND in ("any", "sample", "image", "distribution")
    assert isinstance(metric.UNIT, str)
    assert (metric.__doc__ or "").strip()
    assert (metric.measure.__doc__ or "").strip()
    assert list(inspect.signature(metric.measure).parameters) == ["reference", "candidate", "span"]


@pytest.mark.parametrize("name", IDEAL)
def test_equal_arrays_give_the_ideal_value(name: str) -> None:
    metric = plugin.load("metrics", name)
    value = metric.measure(sample(metric), sample(metric), 1.0)
    # ssim, cosine and frechet add rounded doubles; the others are exact.
    assert value == pytest.approx(IDEAL[name], abs=1e-12)


def test_no_metric_is_left_out() -> None:
    assert set(plugin.names("metrics")) == IDEAL.keys() | {"kid"}


@METRICS
def test_more_noise_is_worse(metric: ModuleType) -> None:
    array = sample(metric)
    scores = [metric.measure(array, noisy(array, deviation), 1.0) for deviation in (0, 0.5, 2)]
    assert scores == sorted(scores, reverse=metric.BETTER == "higher")
    assert len(set(scores)) == 3


@METRICS
def test_result_is_a_finite_float_and_inputs_are_untouched(metric: ModuleType) -> None:
    array = sample(metric)
    other = noisy(array, 0.1)
    copies = array.copy(), other.copy()
    value = metric.measure(array, other, 1.0)
    assert type(value) is float
    assert math.isfinite(value)
    assert np.array_equal(array, copies[0])
    assert np.array_equal(other, copies[1])


@METRICS
def test_constant_outputs_give_a_finite_score(metric: ModuleType) -> None:
    array = sample(metric)
    for constant in (0.0, 1.0):
        flat = np.full_like(array, constant)
        assert math.isfinite(metric.measure(array, flat, 1.0))
        assert math.isfinite(metric.measure(flat, array, 1.0))
        assert math.isfinite(metric.measure(flat, flat, 1.0))


@METRICS
def test_integers_do_not_wrap_around(metric: ModuleType) -> None:
    array = (sample(metric) * 255).astype(np.uint8)
    other = 255 - array
    expected = metric.measure(array.astype(np.float64), other.astype(np.float64), 255.0)
    assert metric.measure(array, other, 255.0) == pytest.approx(expected, rel=1e-12)


@METRICS
def test_different_shapes_are_an_error(metric: ModuleType) -> None:
    array = sample(metric)
    wrong = array[:, :-1] if metric.KIND == "distribution" else array[:, :8]
    with pytest.raises(ValueError):
        metric.measure(array, wrong, 1.0)

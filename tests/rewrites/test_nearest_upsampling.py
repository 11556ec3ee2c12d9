"""Nearest-neighbour enlargement without tiles, and convolutions of it without enlargement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.engines.litert.file import read_graph
from edgekit.engines.litert.rewrites import nearest_upsampling, upsampled_convolution
from tests.rewrites.graphs import keras, lowered, outputs, rewritten, tf

K, L = keras.ops, keras.layers
MOVES = {"RESHAPE", "CONCATENATION"}


def resize(method: str, x: Any, down: int, across: int) -> Any:
    size = (x.shape[1] * down, x.shape[2] * across)
    if method == "layer":
        return L.UpSampling2D((down, across))(x)
    if method == "repeat":
        return K.repeat(K.repeat(x, across, 2), down, 1)
    if method == "tensorflow":
        return L.Lambda(lambda t: tf.image.resize(t, size, "nearest"))(x)
    return K.image.resize(x, size, interpolation="nearest")


@pytest.mark.parametrize(
    ("method", "factors"),
    [("layer", (2, 2)), ("layer", (1, 4)), ("layer", (7, 6)), ("repeat", (2, 3)),
     ("tensorflow", (3, 3)), ("tensorflow", (2, 7)), ("keras", (4, 1))],
)  # fmt: skip
def test_every_pixel_is_repeated(tmp_path: Path, method: str, factors: tuple[int, int]) -> None:
    x = keras.Input((3, 5, 4), batch_size=2)
    path = lowered(keras.Model(x, resize(method, x, *factors)), tmp_path)
    new, count = rewritten(path, nearest_upsampling)
    assert count == 1
    assert {op.name for op in read_graph(new).ops} == MOVES
    value = np.random.default_rng(0).standard_normal((2, 3, 5, 4)).astype(np.float32)
    repeated = value.repeat(factors[0], axis=1).repeat(factors[1], axis=2)
    assert np.array_equal(outputs(new, value), repeated)


def test_one_dimension(tmp_path: Path) -> None:
    net = keras.Sequential([keras.Input((6, 4), batch_size=2), L.UpSampling1D(3)])
    new, count = rewritten(lowered(net, tmp_path), nearest_upsampling)
    assert count == 1
    value = np.random.default_rng(0).standard_normal((2, 6, 4)).astype(np.float32)
    assert np.array_equal(outputs(new, value), value.repeat(3, axis=1))


def test_integers_stay_integers(tmp_path: Path) -> None:
    x = keras.Input((4, 4, 2), batch_size=1)
    path = lowered(keras.Model(x, resize("keras", x, 2, 2)), tmp_path, int8=True)
    new, count = rewritten(path, nearest_upsampling)
    assert count == 1
    value = np.arange(32, dtype=np.int8).reshape(1, 4, 4, 2)
    assert np.array_equal(outputs(new, value), value.repeat(2, axis=1).repeat(2, axis=2))


@pytest.mark.parametrize("layer", [L.ZeroPadding2D(1), L.UpSampling2D(2, interpolation="bilinear")])
def test_other_enlargements_are_left_alone(tmp_path: Path, layer: Any) -> None:
    net = keras.Sequential([keras.Input((4, 4, 2), batch_size=1), layer])
    assert rewritten(lowered(net, tmp_path), nearest_upsampling)[1] == 0


def tiles(x: Any) -> Any:
    return K.tile(x, (1, 2, 2, 1))


def test_a_tiled_image_is_not_an_enlarged_one(tmp_path: Path) -> None:
    x = keras.Input((4, 4, 2), batch_size=1)
    assert rewritten(lowered(keras.Model(x, tiles(x)), tmp_path), nearest_upsampling)[1] == 0


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("kernel", "factors", "size"),
    [((3, 3), (2, 2), (5, 4)), ((5, 5), (2, 2), (3, 4)), ((4, 4), (2, 2), (2, 2)),
     ((3, 5), (1, 2), (3, 3)), ((7, 2), (4, 3), (2, 1)), ((2, 5), (3, 2), (1, 3))],
)  # fmt: skip
def test_a_convolution_of_it_is_one_of_the_small_image(
    tmp_path: Path, padding: str, kernel: Any, factors: Any, size: Any
) -> None:
    keras.utils.set_random_seed(3)
    x = keras.Input((*size, 3), batch_size=2)
    conv = L.Conv2D(4, kernel, padding=padding, bias_initializer="normal", activation="relu")
    path = lowered(keras.Model(x, conv(resize("layer", x, *factors))), tmp_path)
    new, count = rewritten(path, upsampled_convolution)
    assert count == 1
    assert "TILE" not in {op.name for op in read_graph(new).ops}
    value = np.random.default_rng(0).standard_normal((2, *size, 3)).astype(np.float32)
    truth = outputs(path, value)
    assert np.abs(outputs(new, value) - truth).max() <= 1e-5 * np.abs(truth).max()


@pytest.mark.parametrize("options", [{"kernel_size": 1}, {"kernel_size": 3, "strides": 2}])
def test_convolutions_that_gain_nothing_are_left_alone(tmp_path: Path, options: Any) -> None:
    x = keras.Input((4, 4, 2), batch_size=1)
    path = lowered(keras.Model(x, L.Conv2D(3, **options)(resize("keras", x, 2, 2))), tmp_path)
    assert rewritten(path, upsampled_convolution)[1] == 0

"""Normalizations as Keras and its users write them, against the graphs they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.engines.litert.file import read_graph
from edgekit.engines.litert.rewrites import normalization
from tests.rewrites.graphs import keras, lowered, outputs, rewritten, tf

K, L = keras.ops, keras.layers
GAMMA, BETA = np.linspace(-1, 2, 12, dtype=np.float32), np.linspace(1, -2, 12, dtype=np.float32)


def layer(made: Any) -> Callable[[Any], Any]:
    """A layer with weights that are not those of the start."""

    def call(x: Any) -> Any:
        y = made(x)
        for weight, value in zip(made.weights, (GAMMA, BETA), strict=False):
            weight.assign(value)
        return y

    return call


def by_moments(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    return GAMMA * (x - mean) * tf.math.rsqrt(variance + 1e-5) + BETA


def by_variance(x: Any) -> Any:
    mean, variance = K.mean(x, (1, 2), keepdims=True), K.var(x, (1, 2), keepdims=True)
    return (x - mean) / K.sqrt(variance + 1e-5) * GAMMA + BETA


def by_scale_and_shift(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    scale = GAMMA * tf.math.rsqrt(variance + 1e-5)
    return tf.nn.relu(x * scale + (BETA - mean * scale))


def groups_by_hand(x: Any) -> Any:
    n, h, w, c = x.shape
    y = K.reshape(x, (n, h * w, 3, c // 3))
    mean = K.mean(y, (1, 3), keepdims=True)
    variance = K.mean(K.square(y - mean), (1, 3), keepdims=True)
    return K.reshape((y - mean) * K.rsqrt(variance + 1e-5), (n, h, w, c)) * GAMMA + BETA


WAYS = {
    "GroupNormalization(-1)": layer(L.GroupNormalization(-1)),
    "GroupNormalization(4)": layer(L.GroupNormalization(4)),
    "GroupNormalization(1)": layer(L.GroupNormalization(1)),
    "GroupNormalization, plain": L.GroupNormalization(4, center=False, scale=False),
    "GroupNormalization, then ReLU": lambda x: L.ReLU()(layer(L.GroupNormalization(3))(x)),
    "LayerNormalization": layer(L.LayerNormalization()),
    "moments": L.Lambda(by_moments),
    "variance": by_variance,
    "scale and shift": L.Lambda(by_scale_and_shift),
    "groups by hand": groups_by_hand,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("batch", [1, 2])
def test_the_same_in_four_dimensions(tmp_path: Path, way: str, batch: int) -> None:
    x = keras.Input((5, 3, 12), batch_size=batch)
    path = lowered(keras.Model(x, WAYS[way](x)), tmp_path)
    new, count = rewritten(path, normalization)
    graph = read_graph(new)
    assert count == 1
    assert {op.name for op in graph.ops} <= normalization.LEAN | {"RESHAPE"}
    assert max(len(tensor.shape) for tensor in graph.tensors) <= 4
    value = np.random.default_rng(0).standard_normal((batch, 5, 3, 12)).astype(np.float32) * 3 + 2
    truth = outputs(path, value)
    assert np.abs(outputs(new, value) - truth).max() <= 1e-5 * np.abs(truth).max()


@pytest.mark.parametrize("shape", [(12,), (7, 12)])
def test_layers_of_other_ranks(tmp_path: Path, shape: Any) -> None:
    x = keras.Input(shape, batch_size=2)
    path = lowered(keras.Model(x, layer(L.LayerNormalization())(x)), tmp_path)
    new, count = rewritten(path, normalization)
    assert count == 1
    value = np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)
    truth = outputs(path, value)
    assert np.abs(outputs(new, value) - truth).max() <= 1e-5 * np.abs(truth).max()


def over_rows(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-5)


def other_center(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    return (x - 2 * mean) * tf.math.rsqrt(variance + 1e-5)


def weights_of_pixels(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    y = (x - mean) * tf.math.rsqrt(variance + 1e-5)
    return y * np.linspace(1, 2, 15, dtype=np.float32).reshape(5, 3, 1)


@pytest.mark.parametrize("way", [over_rows, other_center])
def test_what_only_looks_like_one_stays_what_it_is(
    tmp_path: Path, way: Callable[[Any], Any]
) -> None:
    x = keras.Input((5, 3, 12), batch_size=1)
    path = lowered(keras.Model(x, L.Lambda(way)(x)), tmp_path)
    assert rewritten(path, normalization)[1] == 0


def test_what_is_not_of_channels_stays_behind_it(tmp_path: Path) -> None:
    x = keras.Input((5, 3, 12), batch_size=1)
    path = lowered(keras.Model(x, L.Lambda(weights_of_pixels)(x)), tmp_path)
    new, count = rewritten(path, normalization)
    assert count == 1
    assert [op.name for op in read_graph(new).ops][-2:] == ["MUL", "MUL"]
    value = np.random.default_rng(0).standard_normal((1, 5, 3, 12)).astype(np.float32)
    assert np.allclose(outputs(new, value), outputs(path, value), atol=1e-5)

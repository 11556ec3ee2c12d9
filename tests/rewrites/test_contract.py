"""Every rewrite keeps the numbers, and does not match its own result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import plugin
from edgekit.engines.litert import runtime as litert
from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.passes.rewrite import Options
from edgekit.engines.litert.rewrites._build import Build
from tests.rewrites.graphs import keras, lowered, outputs, rewritten, tf
from tests.rewrites.test_movement import in_torch_order

K, L = keras.ops, keras.layers


def generator() -> Any:
    z = keras.Input((8,), batch_size=1)
    x = L.Reshape((4, 4, 8))(L.Dense(128)(z))
    x = L.BatchNormalization(beta_initializer="normal", moving_mean_initializer="normal")(x)
    layer = L.Conv2DTranspose(8, 4, 2, "same", activation="relu", bias_initializer="normal")
    x = layer(L.LeakyReLU()(x))
    return keras.Model(z, L.Conv2D(4, 3, padding="same")(L.UpSampling2D()(x)))


def pixel() -> Any:
    x = keras.Input((1, 1, 8), batch_size=2)
    return keras.Model(x, L.Conv2DTranspose(6, 4, bias_initializer="normal")(x))


def style() -> Any:
    x = keras.Input((8, 8, 4), batch_size=1)
    y = L.Conv2D(8, 3)(K.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect"))
    y = L.RMSNormalization()(L.GroupNormalization(-1)(y))
    return keras.Model(x, in_torch_order(L.Conv2D(12, 1)(y), 2))


def movement() -> Any:
    x = keras.Input((4, 4, 8), batch_size=1)
    return keras.Model(x, L.Lambda(lambda t: tf.nn.depth_to_space(t, 2))(x))


def plain() -> Any:
    x = keras.Input((2, 3, 4), batch_size=1)
    return keras.Model(x, K.tanh(x))


NETS: list[Callable[[], Any]] = [generator, pixel, style, movement, plain]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Small nets that together have what every rewrite looks for."""
    paths = []
    for net in NETS:
        keras.utils.set_random_seed(7)
        paths.append(lowered(net(), tmp_path_factory.mktemp(net.__name__)))
    transposed_and_back(paths[-1])
    return paths


def transposed_and_back(path: Path) -> None:
    """What the converter itself would take out, put before the only op of a file."""
    graph = Editor(path)
    (op,) = graph.ops()
    build = Build(graph, op)
    there = build.transpose(op.inputs[0], (0, 3, 1, 2))
    back = build.transpose(there, (0, 2, 3, 1))
    build.op(graph.kind(op), [back], graph.shape(back), version=1)
    build.finish()
    graph.save(path)


def kept(path: Path, *names: str) -> int:
    """Rewrite a file, see that it gives the same and that nothing is left to do; how often it
    matched."""
    modules = [plugin.load("engines.litert.rewrites", name) for name in names]
    new, count = rewritten(path, *modules)
    shape = [n or 1 for n in litert.describe(path).inputs[0].shape]
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    truth = outputs(path, x)
    assert np.abs(outputs(new, x) - truth).max() <= 1e-5 * np.abs(truth).max()
    assert rewritten(new, *modules)[1] == 0
    return count


@pytest.mark.parametrize("name", plugin.names("engines.litert.rewrites"))
@pytest.mark.long
def test_a_rewrite(name: str, corpus: list[Path]) -> None:
    assert sum(kept(path, name) for path in corpus), "a rewrite that matches nothing proves nothing"


def test_all_of_the_default_list(corpus: list[Path]) -> None:
    assert all(kept(path, *Options().rewrites) for path in corpus)

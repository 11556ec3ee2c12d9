"""Rewrites that the CPU does not need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.litert_file import read_graph
from edgekit.rewrites import leaky_relu_to_maximum, unfuse_transposed_conv_activation
from tests.rewrites.graphs import keras, lowered, outputs, rewritten

L = keras.layers


def same(path: Path, new: Path) -> None:
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 3)).astype(np.float32)
    assert np.array_equal(outputs(new, x), outputs(path, x))


@pytest.mark.parametrize("activation", ["relu", "relu6"])
def test_the_activation_stands_alone(tmp_path: Path, activation: str) -> None:
    layer = L.Conv2DTranspose(4, 4, 2, "same", activation=activation, bias_initializer="normal")
    path = lowered(keras.Sequential([keras.Input((4, 4, 3), batch_size=2), layer]), tmp_path)
    new, count = rewritten(path, unfuse_transposed_conv_activation)
    assert count == 1
    kinds = {op.name: op.version for op in read_graph(new).ops}
    assert kinds == {"TRANSPOSE_CONV": 3, activation.upper(): 1}
    same(path, new)


@pytest.mark.parametrize(("slope", "count"), [(0.2, 1), (0.0, 1), (1.5, 0)])
def test_leaky_relu_is_a_maximum(tmp_path: Path, slope: float, count: int) -> None:
    layer: Any = L.LeakyReLU(slope)
    path = lowered(keras.Sequential([keras.Input((4, 4, 3), batch_size=2), layer]), tmp_path)
    new, found = rewritten(path, leaky_relu_to_maximum)
    assert found == ("LEAKY_RELU" in {op.name for op in read_graph(path).ops}) * count
    same(path, new)

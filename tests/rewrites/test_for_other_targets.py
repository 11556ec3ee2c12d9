"""Rewrites that the CPU does not need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.file import read_graph
from edgekit.engines.litert.rewrites import leaky_relu_to_maximum, unfuse_transposed_conv_activation
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


def leaky(slope: float, folder: Path) -> Path:
    """A LEAKY_RELU, whatever the converter would make of such a slope."""
    layer: Any = L.LeakyReLU(0.2)
    path = lowered(keras.Sequential([keras.Input((4, 4, 3), batch_size=2), layer]), folder)
    graph = Editor(path)
    (op,) = graph.ops()
    assert graph.kind(op) == "LEAKY_RELU"
    op.builtinOptions.alpha = slope
    graph.save(path)
    return path


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_leaky_relu_is_a_maximum(tmp_path: Path, slope: float) -> None:
    path = leaky(slope, tmp_path)
    new, count = rewritten(path, leaky_relu_to_maximum)
    assert count == 1
    assert [op.name for op in read_graph(new).ops] == ["MUL", "MAXIMUM"]
    same(path, new)


@pytest.mark.parametrize("slope", [-0.5, 1.5])
def test_what_is_no_maximum_stays(tmp_path: Path, slope: float) -> None:
    assert rewritten(leaky(slope, tmp_path), leaky_relu_to_maximum)[1] == 0

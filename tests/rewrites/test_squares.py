"""Squares as products."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.engines.litert.file import read_graph
from edgekit.engines.litert.rewrites import squares
from tests.rewrites.graphs import keras, lowered, outputs, rewritten, tf


def test_equal_to_the_bit(tmp_path: Path) -> None:
    x = keras.Input((3, 4), batch_size=2)
    y = keras.layers.Lambda(lambda t: tf.square(tf.math.squared_difference(t, t[:, :1])))(x)
    path = lowered(keras.Model(x, y), tmp_path)
    new, count = rewritten(path, squares)
    assert count == 2
    assert {"SQUARE", "SQUARED_DIFFERENCE"}.isdisjoint(op.name for op in read_graph(new).ops)
    value = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    assert np.array_equal(outputs(new, value), outputs(path, value))

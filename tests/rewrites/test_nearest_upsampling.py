"""Nearest-neighbour enlargement without tiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.litert_file import read_graph
from edgekit.rewrites import nearest_upsampling
from tests.rewrites.graphs import keras, lowered, outputs, rewritten


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
@pytest.mark.parametrize("batch", [1, 2])
def test_every_pixel_is_repeated(tmp_path: Path, factor: int, batch: int) -> None:
    net = keras.Sequential(
        [keras.Input((3, 5, 4), batch_size=batch), keras.layers.UpSampling2D(factor)]
    )
    new, count = rewritten(lowered(net, tmp_path), nearest_upsampling)
    assert count == 1
    assert "TILE" not in {op.name for op in read_graph(new).ops}
    x = np.random.default_rng(0).standard_normal((batch, 3, 5, 4)).astype(np.float32)
    assert np.array_equal(outputs(new, x), x.repeat(factor, axis=1).repeat(factor, axis=2))


def test_different_factors_are_left_alone(tmp_path: Path) -> None:
    net = keras.Sequential(
        [keras.Input((4, 4, 2), batch_size=1), keras.layers.UpSampling2D((2, 3))]
    )
    _, count = rewritten(lowered(net, tmp_path), nearest_upsampling)
    assert count == 0

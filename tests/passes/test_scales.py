"""The scales that dense layers keep in a quantized LiteRT file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgekit.engines.litert.file import dense_tables
from edgekit.engines.litert.passes.quantize import Rule
from tests.rewrites.graphs import keras, lowered, outputs, quantized

UNITS = 600
SHARED = Rule(op="FULLY_CONNECTED", granularity="tensor")


def test_a_scale_for_each_channel_takes_twelve_bytes(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    net = keras.Sequential([keras.Input((8,), batch_size=1), keras.layers.Dense(UNITS)])
    path = lowered(net, tmp_path)
    x = np.random.default_rng(0).standard_normal((1, 8)).astype(np.float32)
    wanted = outputs(path, x)
    for more, table in (((), 12 * UNITS), ((SHARED,), 0)):
        small = quantized(path, "dynamic", *more)
        assert dense_tables(small) == table
        # In 8 bits weights and inputs are off by at most half of 1/127 of their largest: 1 here.
        assert np.abs(outputs(small, x) - wanted).max() < 8 / 127 * np.abs(x).max()
    assert dense_tables(path) == 0

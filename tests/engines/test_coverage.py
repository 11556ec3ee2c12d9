"""Multiply-adds are counted as the textbook does."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.engines.litert import coverage as litert
from edgekit.engines.openvino import coverage as on_openvino
from tests.rewrites.graphs import keras, lowered, tf

LAYERS = {
    "conv": (keras.layers.Conv2D(5, 3, strides=2, padding="same"), 4 * 4 * 5 * 9 * 3),
    "depthwise": (keras.layers.DepthwiseConv2D(3, padding="same"), 8 * 8 * 3 * 9),
    "transposed": (keras.layers.Conv2DTranspose(5, 4, 2, "same"), 8 * 8 * 16 * 3 * 5),
    "dense": (keras.layers.Dense(7), 8 * 8 * 3 * 7),
}


@pytest.mark.parametrize("name", LAYERS)
def test_multiply_adds_of_both_engines(name: str, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    layer, expected = LAYERS[name]
    net = keras.Sequential([keras.Input((8, 8, 3), batch_size=1), layer])
    work, reasons = litert.executed(lowered(net, tmp_path))
    assert sum(op.multiply_adds for op in work) == expected
    assert all(op.fast for op in work)
    assert not reasons

    call = tf.function(net, input_signature=[tf.TensorSpec((1, 8, 8, 3))])
    tf.saved_model.save(net, str(tmp_path / "saved"), signatures=call.get_concrete_function())
    openvino.save_model(openvino.convert_model(tmp_path / "saved"), tmp_path / "net.xml")
    work, _ = on_openvino.executed(tmp_path / "net.xml")
    assert sum(op.multiply_adds for op in work) == expected

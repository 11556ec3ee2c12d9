"""Constants of each channel folded into the layer before or after them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.engines.litert.file import read_graph
from edgekit.engines.litert.rewrites import scale_folding
from tests.rewrites.graphs import keras, lowered, outputs, rewritten

K, L = keras.ops, keras.layers
SCALE = np.linspace(-1, 2, 8, dtype=np.float32)
LAYERS = {
    "conv": lambda: L.Conv2D(8, 3, strides=2, bias_initializer="normal"),
    "same": lambda: L.Conv2D(8, 3, padding="same"),
    "1×1": lambda: L.Conv2D(8, 1, padding="same"),
    "depthwise": lambda: L.DepthwiseConv2D(3, depth_multiplier=2),
    "dense": lambda: L.Dense(8, bias_initializer="normal"),
    "transposed": lambda: L.Conv2DTranspose(8, 4, 2, padding="same", use_bias=False),
}


def normalized(x: Any) -> Any:
    return x * SCALE[: x.shape[-1]] + SCALE[: x.shape[-1]][::-1]


def check(net: Any, folder: Path, ops: list[str]) -> None:
    """The rewritten net gives the same, by these ops."""
    for weight in net.weights:
        if "moving" in weight.path or "gamma" in weight.path:
            weight.assign(np.linspace(0.5, 2, weight.shape[0]))
    path = lowered(net, folder)
    new, _ = rewritten(path, scale_folding)
    assert [op.name for op in read_graph(new).ops] == ops
    value = np.random.default_rng(0).standard_normal(net.inputs[0].shape).astype(np.float32)
    truth = outputs(path, value)
    assert np.abs(outputs(new, value) - truth).max() <= 1e-5 * np.abs(truth).max()


def net_of(*shape: int, layers: Any) -> Any:
    keras.utils.set_random_seed(5)
    x = y = keras.Input(shape, batch_size=2)
    for layer in layers:
        y = layer(y)
    return keras.Model(x, y)


@pytest.mark.parametrize("name", ["conv", "depthwise", "dense", "transposed"])
@pytest.mark.parametrize("end", [K.relu, K.tanh])
def test_after_a_layer(tmp_path: Path, name: str, end: Callable[[Any], Any]) -> None:
    layers = [LAYERS[name](), lambda x: K.subtract(SCALE[: x.shape[-1]], x * 3), normalized, end]
    net = net_of(7, 7, 4, layers=layers)
    kind = {"conv": "CONV_2D", "depthwise": "DEPTHWISE_CONV_2D", "dense": "FULLY_CONNECTED",
            "transposed": "TRANSPOSE_CONV"}[name]  # fmt: skip
    check(net, tmp_path, [kind] if end is K.relu else [kind, "TANH"])


@pytest.mark.parametrize(
    ("name", "left"), [("conv", 0), ("1×1", 0), ("depthwise", 0), ("dense", 0),
                       ("same", 2), ("transposed", 2)]
)  # fmt: skip
def test_before_a_layer(tmp_path: Path, name: str, left: int) -> None:
    net = net_of(7, 7, 4, layers=[K.tanh, normalized, LAYERS[name]()])
    path = lowered(net, tmp_path)
    kinds = [op.name for op in read_graph(path).ops]
    check(net, tmp_path, [kind for kind in kinds if left or kind not in ("MUL", "ADD")])


def test_a_scale_alone_is_folded_under_padding(tmp_path: Path) -> None:
    net = net_of(7, 7, 4, layers=[K.tanh, lambda x: x * SCALE[:4], LAYERS["same"]()])
    check(net, tmp_path, ["TANH", "CONV_2D"])


def test_through_the_reshape_of_a_generator(tmp_path: Path) -> None:
    batch_norm = L.BatchNormalization()
    layers = [L.Dense(48), L.Reshape((3, 4, 4)), batch_norm, L.ReLU()]
    check(net_of(6, layers=layers), tmp_path, ["FULLY_CONNECTED", "RESHAPE"])


def test_through_the_flattening_of_an_encoder(tmp_path: Path) -> None:
    layers = [K.tanh, L.BatchNormalization(), L.Flatten(), L.Dense(5)]
    check(net_of(3, 4, 4, layers=layers), tmp_path, ["TANH", "RESHAPE", "FULLY_CONNECTED"])


def test_what_others_read_stays(tmp_path: Path) -> None:
    x = keras.Input((5, 5, 4), batch_size=1)
    y = L.Conv2D(8, 3)(x)
    path = lowered(keras.Model(x, [K.tanh(y), normalized(y)]), tmp_path)
    assert rewritten(path, scale_folding)[1] == 0


def test_constants_that_vary_over_the_image_stay(tmp_path: Path) -> None:
    pixels = np.arange(25, dtype=np.float32).reshape(5, 5, 1)
    net = net_of(7, 7, 4, layers=[LAYERS["conv"](), lambda x: x * pixels[:3, :3]])
    assert rewritten(lowered(net, tmp_path), scale_folding)[1] == 0

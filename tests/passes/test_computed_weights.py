"""Convolutions whose weights are computed (modulated, dynamic filters) beside int8 layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.engines.litert import runtime as litert
from edgekit.engines.litert.file import computed_convolutions, read_graph
from edgekit.engines.litert.passes.lower import check_convolutions
from edgekit.engines.litert.passes.quantize import Rule
from edgekit.errors import PassError
from tests.rewrites.graphs import keras, lowered, quantized, tf

MADE = ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"]


@pytest.fixture(scope="module")
def net() -> Any:
    """Latent to picture, by one layer of each kind with the weights that a dense layer gives."""
    keras.utils.set_random_seed(2)
    layers, ops = keras.layers, keras.ops

    def computed(*shape: int) -> Any:
        return ops.reshape(layers.Dense(int(np.prod(shape)))(z), shape)

    transposed = layers.Lambda(lambda a: tf.nn.conv2d_transpose(a[0], a[1], (1, 16, 16, 8), 2))
    z = keras.Input((32,), batch_size=1)
    x = layers.Reshape((8, 8, 8))(layers.Dense(512, activation="relu")(z))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    x = ops.conv(x, computed(3, 3, 8, 8), padding="same")
    x = ops.reshape(ops.matmul(ops.reshape(x, (64, 8)), computed(8, 8)), (1, 8, 8, 8))
    x = ops.depthwise_conv(x, computed(3, 3, 8, 1), padding="same")
    x = transposed([x, computed(3, 3, 8, 8)])
    return keras.Model(z, layers.Conv2D(3, 3, padding="same")(x))


@pytest.fixture(scope="module")
def path(net: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lowered(net, tmp_path_factory.mktemp("computed"))


@pytest.mark.parametrize("activations", [8, 16])
def test_such_layers_compute_rightly_beside_int8_ones(
    net: Any, path: Path, activations: Any
) -> None:
    """On what calibrated them; integer kernels gave 0 to 11 dB, or no file."""
    z = np.random.default_rng(0).standard_normal((4, 32)).astype(np.float32)[:1]
    exact = np.asarray(net(z))
    made = quantized(path, "static", Rule(mode="static", activations=activations))
    (found,) = litert.LitertCall(made, litert.describe(made), 1)([z])
    ratio = np.mean(exact**2) / np.mean((found - exact) ** 2)
    assert 10 * np.log10(ratio) > 20


def test_only_such_layers_stay_in_float(path: Path) -> None:
    computed = computed_convolutions(path)
    graph = read_graph(quantized(path, "static"))
    layers = [op for op in graph.ops if op.name in (*MADE, "FULLY_CONNECTED")]
    floats = [op for op in layers if not graph.integer(op)]
    assert [op.name for op in floats] == MADE
    assert [graph.tensors[op.outputs[0]].name for op in floats] == list(computed)
    assert len(layers) == 3 + 2 + 5  # two with stored weights, five dense ones


@pytest.mark.long
def test_a_quantizer_that_cannot_leave_them_is_refused(net: Any, tmp_path: Path) -> None:
    with pytest.raises(PassError, match=r"weights are computed; use the recipe int8"):
        check_convolutions(lowered(net, tmp_path, int8=True))

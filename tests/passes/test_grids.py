"""Weights on grids of few bits: engines compute what the grid says, and files pack smaller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.engines._grid import on_grid
from edgekit.engines.litert import runtime as litert
from edgekit.engines.litert.file import LAYERS, indices, op_names, parse, type_names
from edgekit.engines.litert.passes.quantize import Options, Rule, grid_of, run
from edgekit.errors import PassError
from edgekit.files.packing import packed
from edgekit.model import Model, Signature, Tensor
from edgekit.passes._context import Context
from tests.rewrites.graphs import keras, lowered, outputs, quantized

openvino = pytest.importorskip("openvino")

from openvino import opset13 as ops  # noqa: E402

from edgekit.engines.openvino.graph import save_quantized  # noqa: E402
from edgekit.engines.openvino.grid import compressed, regridded  # noqa: E402


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dense layer, a transposed convolution, a depthwise one and a convolution."""
    keras.utils.set_random_seed(5)
    layers = keras.layers
    z = keras.Input((32,), batch_size=1)
    x = layers.Reshape((8, 8, 32))(layers.Dense(2048, activation="relu")(z))
    x = layers.Conv2DTranspose(32, 4, 2, "same", activation="relu", bias_initializer="normal")(x)
    x = layers.DepthwiseConv2D(3, padding="same", bias_initializer="normal")(x)
    net = keras.Model(z, layers.Conv2D(3, 3, padding="same", bias_initializer="normal")(x))
    return lowered(net, tmp_path_factory.mktemp("grids"))


def layers_of(path: Path) -> dict[str, Any]:
    """Of each layer its codes as real values, from the file itself."""
    model = parse(path)
    graph, found = model.subgraphs[0], {}
    for op in graph.operators:
        code = model.operatorCodes[op.opcodeIndex]
        kind = op_names()[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if kind in LAYERS:
            tensor = graph.tensors[op.inputs[LAYERS[kind].weights]]
            stored = bytes(model.buffers[tensor.buffer].data)
            dtype = {"INT8": np.int8, "FLOAT32": np.float32}[type_names()[tensor.type]]
            codes = np.frombuffer(stored, dtype).reshape(indices(tensor.shape))
            scales = np.ones(1, np.float32)
            axis = 0
            if dtype is np.int8:
                scales, axis = tensor.quantization.scale, tensor.quantization.quantizedDimension
            shape = [-1 if k == axis else 1 for k in range(codes.ndim)]
            found[kind] = codes, axis, codes * np.reshape(scales, shape)
    return found


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 7])
def test_litert_holds_the_grid_of_the_float_weights(path: Path, bits: Any) -> None:
    exact = layers_of(path)
    for kind, (codes, axis, real) in layers_of(quantized(path, "dynamic", Rule(grid=bits))).items():
        wanted, scales = on_grid(exact[kind][0], bits, (axis,))
        assert np.array_equal(codes, wanted), kind
        np.testing.assert_allclose(real, wanted * scales, rtol=1e-6)


@pytest.mark.parametrize("mode", ["dynamic", "static"])
def test_litert_computes_with_them(path: Path, mode: Any) -> None:
    """As well as with all 8 bits, as far as 7 of them go: biases have the new scales too."""
    x = np.random.default_rng(0).standard_normal((1, 32)).astype(np.float32)
    exact = outputs(path, x)
    found = {}
    for grid in (None, 7):
        made = quantized(path, mode, Rule(mode=mode, grid=grid))
        (values,) = litert.LitertCall(made, litert.describe(made), 1)([x])
        error = np.square(values - exact).mean()
        found[grid] = 10 * np.log10(np.square(exact).mean() / error)
    assert found[7] > 25
    assert found[7] > found[None] - 6, "one bit less is 6 dB"


def test_fewer_bits_pack_smaller(path: Path) -> None:
    sizes = []
    for bits in (None, 7, 5, 3):
        made = quantized(path, "dynamic", Rule(grid=bits)).read_bytes()
        sizes.append(len(packed(made) or made) / len(made))
    assert sizes[0] > sizes[1] > sizes[2] > sizes[3]
    assert sizes[3] < 0.5


def test_the_last_rule_for_a_layer_tells() -> None:
    rules = [Rule(grid=6), Rule(grid=4, op="FULLY_CONNECTED"), Rule(layers="^last;")]
    assert grid_of(rules, "first", "CONV_2D") == 6
    assert grid_of(rules, "first", "FULLY_CONNECTED") == 4
    assert grid_of(rules, "last", "CONV_2D") is None


@pytest.mark.parametrize("rule", [Rule(grid=4, mode="float"), Rule(grid=4, bits=4)])
def test_a_grid_is_of_weights_in_eight_bits(path: Path, tmp_path: Path, rule: Rule) -> None:
    signature = Signature(part="net", inputs=(Tensor(name="z", shape=(1, 32)),), outputs=())
    model = Model(kind="tflite", family="latent", signatures={"net": signature},
                  files={"net": path.name})  # fmt: skip
    with pytest.raises(PassError, match="a grid is of weights in 8 bits"):
        run(model, Options(rules=(rule,)), Context(source=path.parent, output=tmp_path))


def convolution(weights: Any, faked: bool) -> Any:
    """A graph of one convolution, its weights as NNCF leaves them or plain."""
    x = ops.parameter([1, 8, 8, 8], np.float32)
    node = ops.constant(weights)
    if faked:
        limit = np.abs(weights).max(axis=(1, 2, 3), keepdims=True)
        node = ops.fake_quantize(node, -limit, limit, -limit, limit, 255)
    return openvino.Model([ops.convolution(x, node, [1, 1], [1, 1], [1, 1], [1, 1])], [x])


@pytest.mark.parametrize("faked", [False, True])
@pytest.mark.parametrize("bits", [2, 4, 7])
def test_openvino_stores_and_computes_them(tmp_path: Path, faked: bool, bits: int) -> None:
    random = np.random.default_rng(0)
    weights = random.normal(size=(16, 8, 3, 3)).astype(np.float32)
    x = random.normal(size=(1, 8, 8, 8)).astype(np.float32)
    codes, scales = on_grid(weights, bits, (0,))
    graph = convolution(weights, faked)
    if faked:
        regridded(graph, bits)
    else:
        compressed(graph, bits, None)
    save_quantized(graph, tmp_path / "net.xml")
    assert (tmp_path / "net.bin").stat().st_size < 1.2 * weights.size, "a byte for each weight"
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    core = openvino.Core()
    found, wanted = (
        np.array(core.compile_model(net, "CPU", exact)(x)[0])
        for net in (str(tmp_path / "net.xml"), convolution(codes * scales, faked=False))
    )
    np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())


def test_without_such_layers_openvino_says_so() -> None:
    x = ops.parameter([1, 8], np.float32)
    graph = openvino.Model([ops.relu(x)], [x])
    with pytest.raises(PassError, match="no layer has constant weights"):
        compressed(graph, 4, None)

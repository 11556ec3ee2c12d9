"""Rewritten transposed convolutions against TensorFlow's own, over all shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.file import read_graph
from edgekit.engines.litert.rewrites import transposed_conv, transposed_conv_to_dense
from tests.rewrites.graphs import keras, lowered, outputs, quantized, rewritten


def net_of(kernel: Any, strides: Any, size: Any, **options: Any) -> Any:
    keras.utils.set_random_seed(2)
    channels, filters = options.pop("channels", 3), options.pop("filters", 4)
    return keras.Sequential(
        [
            keras.Input((*size, channels), batch_size=options.pop("batch", 1)),
            keras.layers.Conv2DTranspose(
                filters, kernel, strides=strides, bias_initializer="normal", **options
            ),
        ]
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Any small file, whose one op and tensors are replaced: quicker than converting each net."""
    return lowered(net_of((2, 2), (2, 2), (3, 3)), tmp_path_factory.mktemp("template"))


def scattered(x: Any, weights: Any, bias: Any, strides: Any, same: bool) -> Any:
    """A transposed convolution by its definition: every input adds its kernel to the output."""
    (batch, rows, columns, _), (filters, height, width, _) = x.shape, weights.shape
    full = ((rows - 1) * strides[0] + height, (columns - 1) * strides[1] + width)
    y = np.zeros((batch, *full, filters))
    for i in range(rows):
        for j in range(columns):
            top, left = i * strides[0], j * strides[1]
            patch = np.einsum("bc,fhwc->bhwf", x[:, i, j], weights)
            y[:, top : top + height, left : left + width] += patch
    if same:
        size = (rows * strides[0], columns * strides[1])
        # A stride wider than the kernel leaves a margin that no input reaches.
        margin = [max(0, s - f) for s, f in zip(size, full, strict=True)]
        cut = [max(0, f - s) // 2 for s, f in zip(size, full, strict=True)]
        y = np.pad(y, ((0, 0), (0, margin[0]), (0, margin[1]), (0, 0)))
        y = y[:, cut[0] : cut[0] + size[0], cut[1] : cut[1] + size[1]]
    return y + bias


def written(template: Path, path: Path, x: Any, weights: Any, bias: Any, strides: Any, same: bool,
            shape: Any) -> None:  # fmt: skip
    """A file with one TRANSPOSE_CONV."""
    graph = Editor(template)
    source, target = graph.graph.inputs[0], graph.graph.outputs[0]
    for index, size in ((source, x.shape), (target, shape)):
        graph.tensor(index).shape = np.array(size, np.int32)
        graph.tensor(index).shapeSignature = None
    inputs = [graph.add_constant(np.array(shape, np.int32), "size"),
              graph.add_constant(weights, "weights"), source]  # fmt: skip
    if bias is not None:
        inputs.append(graph.add_constant(bias, "bias"))
    op = graph.op("TRANSPOSE_CONV", inputs, target, "TransposeConvOptions", version=3,
                  padding=0 if same else 1, strideH=strides[0], strideW=strides[1])  # fmt: skip
    graph.replace(list(graph.ops()), [op])
    graph.save(path)


def small(least: int, most: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(least, most), st.integers(least, most))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kernel=small(1, 9),
    strides=small(1, 4),
    size=small(1, 6),
    channels=small(1, 5),
    same=st.booleans(),
    batch=st.integers(1, 2),
    biased=st.booleans(),
)
@pytest.mark.long
def test_equal_to_the_definition_for_any_kernel_stride_and_padding(
    template: Path, tmp_path: Path, kernel: Any, strides: Any, size: Any, channels: Any,
    same: bool, batch: int, biased: bool,
) -> None:  # fmt: skip
    random = np.random.default_rng(0)
    x = random.standard_normal((batch, *size, channels[0])).astype(np.float32)
    weights = random.standard_normal((channels[1], *kernel, channels[0])).astype(np.float32)
    bias = random.standard_normal(channels[1]).astype(np.float32) if biased else None
    truth = scattered(x, weights, 0 if bias is None else bias, strides, same)
    path = tmp_path / "net.tflite"
    written(template, path, x, weights, bias, strides, same, truth.shape)
    new, count = rewritten(path, transposed_conv)
    if count == 0:  # nothing to gain, or a margin that no sum reaches
        assert (kernel, strides) == ((1, 1), (1, 1)) or any(
            k < s for k, s in zip(kernel, strides, strict=True)
        )
        return
    # The same products in another order: a few units in the last place of the largest sum.
    assert np.abs(outputs(new, x) - truth).max() <= 1e-5 * max(np.abs(truth).max(), 1.0)


def test_no_more_weights_when_the_kernel_is_a_multiple_of_the_stride(tmp_path: Path) -> None:
    path = lowered(net_of((4, 4), (2, 2), (7, 7), padding="same", channels=8), tmp_path)
    new, _ = rewritten(path, transposed_conv)
    kinds = [op.name for op in read_graph(new).ops]
    assert kinds == ["PAD", "CONV_2D", "DEPTH_TO_SPACE", "SLICE"]
    shapes = sum(16 for _ in range(4)) * 4  # four small shape constants
    assert read_graph(new).constants() <= read_graph(path).constants() + shapes


def test_one_dimensional_nets_need_no_transposition(tmp_path: Path) -> None:
    net = keras.Sequential(
        [keras.Input((10, 3), batch_size=1), keras.layers.Conv1DTranspose(2, 25, 4, "same")]
    )
    path = lowered(net, tmp_path)
    new, count = rewritten(path, transposed_conv)
    assert count == 1
    assert "TRANSPOSE" not in {op.name for op in read_graph(new).ops}
    x = np.random.default_rng(0).standard_normal((1, 10, 3)).astype(np.float32)
    assert np.allclose(outputs(new, x), outputs(path, x), atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "strides"), [((4, 4), (2, 2)), ((5, 3), (2, 2)), ((3, 6), (1, 3))]
)
def test_int8_sums_are_the_same_integers(tmp_path: Path, kernel: Any, strides: Any) -> None:
    net = net_of(kernel, strides, (5, 5), padding="same", channels=6, filters=5)
    path = lowered(net, tmp_path, int8=True)
    new, count = rewritten(path, transposed_conv)
    assert count == 1
    x = np.random.default_rng(0).integers(-128, 128, (1, 5, 5, 6)).astype(np.int8)
    gap = outputs(new, x).astype(int) - outputs(path, x).astype(int)
    # The integer sums are equal; the kernels of the two ops may round the last bit differently.
    assert np.abs(gap).max() <= 1


@pytest.mark.parametrize("mode", ["dynamic", "static"])
@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (5, 2), (3, 1)])
def test_quantized_weights_move_without_a_change(
    tmp_path: Path, mode: str, kernel: int, stride: int
) -> None:
    """XNNPACK has both forms, and gives the same bits."""
    net = net_of(kernel, stride, (6, 5), padding="same", channels=8, activation="relu")
    path = quantized(lowered(net, tmp_path), mode)
    new, count = rewritten(path, transposed_conv)
    assert count == 1
    x = np.random.default_rng(0).standard_normal((1, 6, 5, 8)).astype(np.float32)
    x = (32 * x).clip(-128, 127).astype(np.int8) if mode == "static" else x
    assert np.array_equal(outputs(new, x), outputs(path, x))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (4, 4)])
def test_one_pixel_becomes_a_dense_layer(tmp_path: Path, padding: str, strides: Any) -> None:
    path = lowered(net_of((4, 4), strides, (1, 1), padding=padding, channels=8), tmp_path)
    new, count = rewritten(path, transposed_conv_to_dense)
    assert count == 1
    assert "FULLY_CONNECTED" in {op.name for op in read_graph(new).ops}
    x = np.random.default_rng(0).standard_normal((1, 1, 1, 8)).astype(np.float32)
    truth = outputs(path, x)
    assert np.abs(outputs(new, x) - truth).max() <= 1e-5 * np.abs(truth).max()

"""Layers of an OpenVINO graph: which hold weights, what folds into them, how they are stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

openvino = pytest.importorskip("openvino")

from openvino import opset13 as ops  # noqa: E402

from edgekit.engines.openvino.graph import save_quantized, weighted_layers  # noqa: E402
from edgekit.engines.openvino.passes.quantize import fold_scales  # noqa: E402


def matmul(other: Any) -> Any:
    """A graph that multiplies its input with something made of it or not."""
    x = ops.parameter([4, 4], np.float32)
    return openvino.Model([ops.matmul(x, other(x), False, False, name="layer")], [x])


def weights() -> Any:
    return ops.constant(np.ones((4, 4), np.float32))


def test_a_layer_has_weights_whatever_is_done_to_them() -> None:
    half = ops.constant(np.float32(0.5))
    for made in (weights(), ops.multiply(half, weights()), ops.multiply(weights(), half)):
        assert weighted_layers(matmul(lambda _, made=made: made)) == {"layer": 16}


@pytest.mark.parametrize("first", [True, False])
def test_activations_times_a_constant_are_no_weights(first: bool) -> None:
    def scaled(x: Any) -> Any:
        half = ops.constant(np.float32(0.5))
        return ops.multiply(half, x) if first else ops.multiply(x, half)

    assert weighted_layers(matmul(scaled)) == {}


def test_only_weights_are_counted() -> None:
    x = ops.parameter([1, 4], np.float32)
    scaled = ops.multiply(ops.constant(np.float32(0.5)), x)
    graph = openvino.Model([ops.matmul(scaled, weights(), False, False, name="layer")], [x])
    assert weighted_layers(graph) == {"layer": 16}


def types(graph: Any) -> list[str]:
    return [op.get_type_name() for op in graph.get_ordered_ops()]


def computed(graph: Any, x: np.ndarray) -> np.ndarray:
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    net = openvino.Core().compile_model(graph, "CPU", exact)
    return np.array(net(x)[0])


@given(
    rows=st.integers(1, 3),
    width=st.integers(1, 9),
    units=st.integers(1, 9),
    transposed=st.booleans(),
    flat=st.booleans(),
    seed=st.integers(0, 99),
)
@pytest.mark.long
def test_a_scale_after_a_dense_layer_is_folded_into_its_weights(
    rows: int, width: int, units: int, transposed: bool, flat: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    weights = random.standard_normal((width, units)).astype(np.float32)
    scale, shift = random.standard_normal((2, units)).astype(np.float32)
    x = ops.parameter([rows, width], np.float32)
    dense = ops.matmul(x, ops.constant(weights.T if transposed else weights), False, transposed)
    scaled = ops.multiply(dense, ops.constant(scale if flat else scale[None]))
    graph = openvino.Model([ops.add(scaled, ops.constant(shift[None]))], [x])
    fold_scales(graph)
    assert "Multiply" not in types(graph)
    values = random.standard_normal((rows, width)).astype(np.float32)
    wanted = (values.astype(np.float64) @ weights) * scale + shift
    assert np.allclose(computed(graph, values), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", ["another reader", "shared weights", "a factor for each row"])
def test_a_scale_stays_where_folding_would_change_or_store_more(case: str) -> None:
    x, kernel = ops.parameter([4, 4], np.float32), weights()
    dense = ops.matmul(x, kernel, False, False)
    factors = np.arange(4, dtype=np.float32).reshape((4, 1) if "row" in case else (1, 4))
    results = [ops.multiply(dense, ops.constant(factors))]
    if case == "another reader":
        results.append(ops.relu(dense))
    if case == "shared weights":
        results.append(ops.matmul(ops.relu(x), kernel, False, False))
    graph = openvino.Model(results, [x])
    fold_scales(graph)
    assert "Multiply" in types(graph)


def test_long_vectors_of_a_quantized_graph_are_halved_and_weights_are_not(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    kernel, bias = random.standard_normal((4, 2048)), random.standard_normal((1, 2048))
    x = ops.parameter([1, 4], np.float32)
    dense = ops.matmul(x, ops.constant(kernel.astype(np.float32)), False, False)
    graph = openvino.Model([ops.add(dense, ops.constant(bias.astype(np.float32)))], [x])
    save_quantized(graph, tmp_path / "net.xml")
    stored = (tmp_path / "net.bin").stat().st_size
    assert 4 * kernel.size + 2 * bias.size <= stored < 4 * kernel.size + 4 * bias.size
    values = random.standard_normal((1, 4)).astype(np.float32)
    found = computed(openvino.Core().read_model(str(tmp_path / "net.xml")), values)
    assert np.allclose(found, values @ kernel + bias, rtol=1e-5, atol=2**-11 * np.abs(bias).max())


@pytest.mark.parametrize("value", [1e6, 1e-6])
def test_vectors_beyond_half_precision_stay_whole(tmp_path: Path, value: float) -> None:
    x = ops.parameter([1, 2048], np.float32)
    scale = np.full((1, 2048), value, np.float32)
    graph = openvino.Model([ops.multiply(x, ops.constant(scale))], [x])
    save_quantized(graph, tmp_path / "net.xml")
    found = computed(openvino.Core().read_model(str(tmp_path / "net.xml")), np.ones_like(scale))
    assert np.array_equal(found, scale)

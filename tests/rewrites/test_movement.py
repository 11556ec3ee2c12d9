"""Pixel shuffles, depth-to-space and idle chains: values only move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.file import read_graph
from edgekit.engines.litert.passes.rewrite import Options
from edgekit.engines.litert.rewrites import depth_to_space, idle_movement, pixel_shuffle
from edgekit.engines.litert.rewrites._build import Build
from edgekit.plugin import load
from tests.rewrites.graphs import keras, lowered, outputs, rewritten, tf

K, L = keras.ops, keras.layers


def in_tensorflow_order(x: Any, k: int) -> Any:
    n, h, w, c = x.shape
    y = K.transpose(K.reshape(x, (n, h, w, k, k, c // k**2)), (0, 1, 3, 2, 4, 5))
    return K.reshape(y, (n, h * k, w * k, c // k**2))


def in_torch_order(x: Any, k: int) -> Any:
    n, h, w, c = x.shape
    y = K.transpose(K.reshape(x, (n, h, w, c // k**2, k, k)), (0, 1, 4, 2, 5, 3))
    return K.reshape(y, (n, h * k, w * k, c // k**2))


def channels_first(x: Any, k: int) -> Any:
    n, h, w, c = x.shape
    y = K.reshape(K.transpose(x, (0, 3, 1, 2)), (n, c // k**2, k, k, h, w))
    y = K.reshape(K.transpose(y, (0, 1, 4, 2, 5, 3)), (n, c // k**2, h * k, w * k))
    return K.transpose(y, (0, 2, 3, 1))


def convolved(shuffle: Any, k: int, channels: int = 3) -> Any:
    keras.utils.set_random_seed(4)
    x = keras.Input((3, 5, 4), batch_size=2)
    conv = L.Conv2D(channels * k * k, 3, bias_initializer="normal", activation="relu")
    return keras.Model(x, shuffle(conv(L.ZeroPadding2D(1)(x)), k))


def equal(path: Path, new: Path, shape: Any = (2, 3, 5, 4)) -> None:
    value = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    assert np.array_equal(outputs(new, value), outputs(path, value))


@pytest.mark.parametrize("shuffle", [in_tensorflow_order, in_torch_order, channels_first])
@pytest.mark.parametrize("k", [2, 3])
def test_a_pixel_shuffle_is_depth_to_space(tmp_path: Path, shuffle: Any, k: int) -> None:
    path = lowered(convolved(shuffle, k), tmp_path)
    new, count = rewritten(path, pixel_shuffle)
    assert count == 1
    assert [op.name for op in read_graph(new).ops][1:] == ["DEPTH_TO_SPACE"]
    equal(path, new)


def test_without_a_convolution_another_order_is_left_alone(tmp_path: Path) -> None:
    x = keras.Input((3, 5, 8), batch_size=1)
    path = lowered(keras.Model(x, in_torch_order(x, 2)), tmp_path)
    assert rewritten(path, pixel_shuffle)[1] == 0


def test_a_convolution_that_others_read_keeps_its_order(tmp_path: Path) -> None:
    x = keras.Input((3, 5, 4), batch_size=1)
    y = L.Conv2D(12, 1)(x)
    path = lowered(keras.Model(x, [in_torch_order(y, 2), y + 1]), tmp_path)
    assert rewritten(path, pixel_shuffle)[1] == 0


@pytest.mark.parametrize("k", [2, 3])
def test_depth_to_space_is_a_transposition(tmp_path: Path, k: int) -> None:
    path = lowered(convolved(lambda x, k: L.Lambda(lambda t: tf.nn.depth_to_space(t, k))(x), k),
                   tmp_path)  # fmt: skip
    new, count = rewritten(path, depth_to_space)
    assert count == 1
    assert max(len(tensor.shape) for tensor in read_graph(new).tensors) <= 4
    equal(path, new)


def test_one_rewrite_opens_the_next_and_all_come_to_an_end(tmp_path: Path) -> None:
    path = lowered(convolved(channels_first, 2), tmp_path)
    new, count = rewritten(
        path, *(load("engines.litert.rewrites", name) for name in Options().rewrites)
    )
    assert count == 2
    assert [op.name for op in read_graph(new).ops][1:] == ["RESHAPE", "TRANSPOSE", "RESHAPE"]
    equal(path, new)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one op, in whose place chains are put: quicker than converting each net."""
    x = keras.Input((2, 3, 4), batch_size=1)
    return lowered(keras.Model(x, K.tanh(x)), tmp_path_factory.mktemp("template"))


SHAPES = [(1, 2, 3, 4), (1, 4, 3, 2), (6, 4), (1, 2, 1, 3, 4), (24,), (1, 24, 1, 1)]
STEPS = st.one_of(st.sampled_from(SHAPES), st.randoms(use_true_random=False))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(STEPS, min_size=1, max_size=4),
    shape=st.sampled_from([(2, 12), (1, 2, 3, 4)]),
    begins=st.booleans(),
    ends=st.booleans(),
)
def test_idle_chains_are_taken_out(
    template: Path, tmp_path: Path, steps: list[Any], shape: Any, begins: bool, ends: bool
) -> None:
    graph = Editor(template)
    op = next(graph.ops())
    build, tensor = Build(graph, op), int(op.inputs[0])
    if begins:
        tensor = build.op("TANH", [tensor], graph.shape(tensor), version=1)
    for step in steps:
        if isinstance(step, tuple):
            tensor = build.reshape(tensor, step)
        else:
            order = list(range(len(graph.shape(tensor))))
            step.shuffle(order)
            tensor = build.transpose(tensor, order)
    tensor = build.reshape(tensor, shape)
    if ends:
        build.op("TANH", [tensor], shape, version=1)
    assume(build.ops)
    graph.tensor(build.target).shape = np.array(shape, np.int32)
    graph.tensor(build.target).shapeSignature = None
    build.finish()
    path = tmp_path / "chain.tflite"
    graph.save(path)
    new, _ = rewritten(path, idle_movement)
    equal(path, new, (1, 2, 3, 4))
    kinds = [op.name for op in read_graph(new).ops]
    assert len(kinds) <= len(read_graph(path).ops)
    needed = shape == (2, 12) or kinds[-1] == "RESHAPE"
    assert "TRANSPOSE" in kinds or kinds.count("RESHAPE") == needed
    assert rewritten(new, idle_movement)[1] == 0


@pytest.mark.parametrize("ends", [True, False])
def test_a_transposition_and_its_inverse_leave_nothing(
    template: Path, tmp_path: Path, ends: bool
) -> None:
    """But the output of a graph is a tensor of its own."""
    graph = Editor(template)
    op = next(graph.ops())
    build = Build(graph, op)
    there = build.transpose(op.inputs[0], (0, 3, 1, 2))
    back = build.transpose(there, (0, 2, 3, 1))
    if not ends:
        build.op("TANH", [back], (1, 2, 3, 4), version=1)
    build.finish()
    path = tmp_path / "there_and_back.tflite"
    graph.save(path)
    new, count = rewritten(path, idle_movement)
    assert count == 1
    assert [op.name for op in read_graph(new).ops] == ["RESHAPE" if ends else "TANH"]
    equal(path, new, (1, 2, 3, 4))

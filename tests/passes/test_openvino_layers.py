"""Which layers of an OpenVINO graph hold weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

openvino = pytest.importorskip("openvino")

from openvino import opset13 as ops  # noqa: E402

from edgekit.passes._openvino import weighted_layers  # noqa: E402


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

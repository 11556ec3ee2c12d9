"""Weights above 32 MiB, which litert-quantizer does not take from convolutions by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.engines.litert.passes import _large_weights
from edgekit.engines.litert.passes._large_weights import LARGE, in_pieces

qtyping = pytest.importorskip("litert_quantizer.qtyping")


def quantized(weights: Any, scale: Any, axis: int | None) -> Any:
    from litert_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor

    params = qtyping.UniformQuantParams(
        scale=scale, zero_point=np.zeros(scale.shape, np.int32), num_bits=8, symmetric=True,
        quantized_dimension=axis,
    )  # fmt: skip
    with in_pieces():
        return uniform_quantize_tensor.uniform_quantize(weights, params)


@pytest.mark.parametrize("shape, axis", [
    ((128, 3, 3, 8192), 0),  # CONV_2D and TRANSPOSE_CONV
    ((1, 3, 3, 1048576), 3),  # DEPTHWISE_CONV_2D
    ((2, 4200, 1024), 0),  # a channel is above the limit by itself
    ((3, 3, 1048576), None),  # one scale for all
])  # fmt: skip
def test_large_weights_of_any_rank_become_integers(shape: Any, axis: int | None) -> None:
    """Round to nearest even and clip to ±127, as for small ones."""
    weights = np.random.default_rng(0).standard_normal(shape, np.float32)
    assert weights.nbytes > LARGE
    others = tuple(k for k in range(len(shape)) if k != axis)
    scale = np.abs(weights).max(axis=others, keepdims=True) / np.float32(127)
    exact = np.clip(np.rint(weights / scale), -127, 127)
    assert np.array_equal(quantized(weights, scale, axis), exact.astype(np.int8))


def test_pieces_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.random.default_rng(1).standard_normal((7, 3, 3, 5), np.float32)
    scale = np.abs(weights).max(axis=(1, 2, 3), keepdims=True) / 100  # some are clipped
    whole = quantized(weights, scale, 0)
    monkeypatch.setattr(_large_weights, "LARGE", 100)
    assert np.array_equal(quantized(weights, scale, 0), whole)

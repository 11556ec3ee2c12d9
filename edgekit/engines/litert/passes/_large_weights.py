"""Weights above 32 MiB for litert-quantizer, which takes them as matrices only.

It quantizes what is larger in rows of the last axis, and cannot spread the scales of a convolution
over those (google-ai-edge/ai-edge-quantizer issues 472 and 512). Pieces below that size take its
ordinary way and give the same integers, in less memory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGE = 32 * 1024 * 1024  # bytes, from the quantizer's own code


@contextmanager
def in_pieces() -> Iterator[None]:
    """The quantizer takes weights of every size and rank within the block."""
    from litert_quantizer.algorithms.uniform_quantize import uniform_quantize_tensor as module

    original = module.uniform_quantize
    module.uniform_quantize = by_pieces(original)
    try:
        yield
    finally:
        module.uniform_quantize = original


def by_pieces(original: Callable[..., Array]) -> Callable[..., Array]:
    """The quantizer's function for one tensor, called for pieces of those that are large."""

    def quantize(data: Array, params: Any, is_blockwise_quant: bool = False) -> Array:
        if data.ndim < 3 or data.nbytes <= LARGE or is_blockwise_quant:
            return original(data, params, is_blockwise_quant)
        channels = np.size(params.scale) > 1
        axis = params.quantized_dimension if channels else int(np.argmax(data.shape))
        pieces = min(data.shape[axis], -(-data.nbytes // LARGE))
        bounds = [data.shape[axis] * k // pieces for k in range(pieces + 1)]
        done = []
        for start, end in pairwise(bounds):
            place = (slice(None),) * axis + (slice(start, end),)
            done.append(quantize(data[place], of(params, slice(start, end), channels)))
        return np.concatenate(done, axis=axis)

    return quantize


def of(params: Any, channels: slice, several: bool) -> Any:
    """The scales and zero points of some channels; all where the whole tensor has one."""
    if not several:
        return params
    scale, zero = (np.ravel(each)[channels] for each in (params.scale, params.zero_point))
    return dataclasses.replace(params, scale=scale, zero_point=zero)

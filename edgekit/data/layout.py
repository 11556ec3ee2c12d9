"""Pictures whose channels come first, (N, C, H, W), as nets that began in PyTorch have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

CHANNELS = (1, 3, 4)  # grey, colours, colours and opacity


def channels_first(shape: Sequence[int | None]) -> bool:
    """Whether a batch of pictures of this shape has its channels before height and width."""
    return len(shape) == 4 and shape[1] in CHANNELS and shape[-1] not in CHANNELS


def channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """The same pictures as (N, H, W, C); what is not of the other layout stays as it is."""
    return images.transpose(0, 2, 3, 1) if channels_first(images.shape) else images


def space(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    """Height and width of a batch of pictures."""
    return tuple(shape[2:] if channels_first(shape) else shape[1:-1])

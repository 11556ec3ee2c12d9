"""What the shape and the type of a tensor tell, and which domains fit them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgekit.data.values import is_whole
from edgekit.domain import Domain
from edgekit.model import Tensor


def is_vector(tensor: Tensor) -> bool:
    """Rank 1 or 2, or an image of 1×1 pixels, whose channels may also come first."""
    sizes = tensor.shape[1:]
    last = all(size == 1 for size in sizes[:-1])
    # Of rank 3, (N, T, 1) is a signal.
    return last or (len(sizes) > 2 and all(size == 1 for size in sizes[1:]))


def is_integer(tensor: Tensor) -> bool:
    """Whether it takes whole numbers."""
    return tensor.dtype.startswith(("int", "uint"))


def is_index(tensor: Tensor) -> bool:
    """Whether a label input takes the class number itself rather than a one-hot row."""
    return all(size == 1 for size in tensor.shape[1:])


def elements(tensor: Tensor) -> int:
    """Values per sample; free dimensions count as many."""
    return int(np.prod([size or 1 << 16 for size in tensor.shape[1:]]))


def misfits(tensor: Tensor, domain: Domain) -> Iterator[str]:
    """Why an input cannot have this domain."""
    width = elements(tensor) if is_vector(tensor) else (tensor.shape[-1] or 1 << 30)
    last = domain.columns[1] if domain.columns else width - 1
    if last >= width:
        yield f"the input {tensor.shape[1:]} has the columns 0..{width - 1}"
    if domain.distribution == "one-hot" and (domain.columns or (0, last)) == (last, last):
        yield f"one of several columns is 1, and the input {tensor.shape[1:]} has one"
    if not is_whole(tensor.dtype):
        return
    least, most = (0, 1) if tensor.dtype == "bool" else limits(tensor.dtype)
    low, high = domain.bounds
    if domain.distribution in ("normal", "uniform"):
        usual = "0..1" if tensor.dtype == "bool" else "LO..HI"
        yield f"the input takes whole numbers ({tensor.dtype}); give integers:{usual}"
    if least == 0 and low < 0:
        yield f"the input takes no negative numbers ({tensor.dtype})"
    for bound in (low, high):
        if not least <= bound <= most:
            yield f"{bound:.17g} is too {'small' if bound < least else 'large'} for {tensor.dtype}"


def limits(dtype: str) -> tuple[int, int]:
    """The least and the greatest number that a type of integers holds."""
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)

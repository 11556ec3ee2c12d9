"""Whether an artifact has the tensors that its description promises."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edgekit.errors import EngineError
from edgekit.model import Tensor


def check_tensor(path: Path, tensor: Tensor, shape: Iterable[int], dtypes: Iterable[str]) -> None:
    """Check one tensor of an artifact, whose values may be of any of `dtypes`.

    Raises:
        EngineError: naming both shapes or dtypes.
    """
    found, known = tuple(int(size) for size in shape), tuple(dict.fromkeys(dtypes))
    if found != tensor.shape or tensor.dtype not in known:
        raise EngineError(
            f"'{path}': '{tensor.name}' is {' or '.join(known)} {found}, "
            f"its description says {tensor.dtype} {tensor.shape}; convert the model again"
        )


def check_number(path: Path, described: int, found: int) -> None:
    """Check that every input of an artifact is described: one that is not would hold anything.

    Raises:
        EngineError: with both numbers.
    """
    if described != found:
        raise EngineError(
            f"'{path}' has {found} inputs, its description {described}; convert the model again"
        )

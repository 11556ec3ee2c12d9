"""What every source gives: a net that can be called, described and checked."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edgekit.errors import ModelError
from edgekit.families._base import PartInfo


class Part(Protocol):
    """One loaded net. `path` is its file; `attribute` the net inside it, empty for all of it.

    `trackable` is what a SavedModel must hold on to so that the weights are saved with it.
    """

    path: Path
    attribute: str
    info: PartInfo
    trackable: Any

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        """TensorFlow tensors by input name to the outputs, in the order of `info.outputs`."""

    def weights(self) -> Iterable[tuple[str, Any]]:
        """Every weight as (name, array)."""


def check_weights(part: Part) -> int:
    """Count a net's parameters; raises ModelError on NaN or infinite ones."""
    count = 0
    for name, value in part.weights():
        array = np.asarray(value)
        count += array.size
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = int((~np.isfinite(array)).sum())
            raise ModelError(
                f"'{part.path}': weight '{name}' holds {bad} NaN or infinite values of "
                f"{array.size}; train again or load an earlier checkpoint"
            )
    return count

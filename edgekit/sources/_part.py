"""What every source gives: a net that can be run, described and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelError
from edgekit.families._base import PartInfo
from edgekit.model import Signature, Tensor
from edgekit.typed import Typed

Array = NDArray[Any]
Shape = tuple[int | None, ...]


class Findings(Typed, frozen=True):
    """What of a net is not steady, by the names of nodes in its graph.

    `normal` are the nodes that draw from a normal distribution and reach an output, `random` all
    others that do, among them loops that draw. `changing` are the variables that the outputs read
    and a call changes, `learning` the others that are set from the net's inputs, `lost` those that
    the file does not hold. `clean` is whether there is nothing to take out either, such as a seed's
    state or numbers that reach no output. `precise` maps a precision other than float32 to a node
    that computes in it.
    """

    normal: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    learning: tuple[str, ...] = ()
    changing: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    clean: bool = True
    precise: dict[str, str] = {}  # noqa: RUF012 - a struct field, copied for each instance


class Part(Protocol):
    """One loaded net. `path` is its file; `attribute` the net inside it, empty for all of it.

    Tensors of a signature are those of `info` by their `source`, under other names.
    """

    path: Path
    attribute: str
    info: PartInfo

    def weights(self) -> Iterable[tuple[str, Any]]:
        """Every weight as (name, array)."""

    def weights_used(self, signatures: Sequence[Signature]) -> int:
        """How many numbers in weights the outputs of these signatures depend on."""

    def outputs_at(self, inputs: Sequence[Tensor]) -> list[tuple[Shape, str]]:
        """Shape and dtype of each of `info.outputs` where the inputs have these shapes.

        Raises:
            ModelError: a tensor that is larger than memory.
            Exception: the net's own layers raise what they like.
        """

    def function(self, signature: Signature) -> Callable[..., Sequence[Array]]:
        """Arrays (N, …) in the order of the signature's inputs to those of its outputs."""

    def findings(self, signature: Signature) -> Findings:
        """What a call of the signature draws and changes."""


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

"""The original net as a Runner: what every artifact is compared against."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.values import cast, padded
from edgekit.errors import ModelError
from edgekit.families._base import PartInfo
from edgekit.machine.limits import progress
from edgekit.model import Model, Signature
from edgekit.sources import Trust, open_parts
from edgekit.sources._cut import cut
from edgekit.sources._part import Part

Array = NDArray[Any]
ROWS = 8  # per call: enough to be quick, little enough for large images


def load_parts(folder: Path, model: Model, trust: Trust) -> dict[str, Part]:
    """The parts of an original model, loaded from its folder and cut at their noise."""
    parts = open_parts({name: folder / file for name, file in model.files.items()}, trust)
    return cut(parts, model.noise, model.signatures)


class OriginalRunner:
    """Runs signatures through the loaded parts, a few rows at a time.

    A batch that was asked for, or that the net fixes, is given exactly, as artifacts get it: the
    last one repeats its last row.
    """

    def __init__(self, parts: Mapping[str, Part], signatures: Mapping[str, Signature]) -> None:
        self._parts, self._signatures = parts, signatures
        self._functions: dict[str, Any] = {}

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """N rows in, N rows out; raises ModelError when an output is not finite."""
        described = self._signatures[signature]
        part = self._parts[described.part]
        if signature not in self._functions:
            self._functions[signature] = part.function(described)
        function = self._functions[signature]
        rows = [cast(inputs[t.name], t.dtype) for t in described.inputs]
        count, batch = len(rows[0]), described.inputs[0].shape[0] or 1
        free = batch == 1 and fixed_batch(part.info) is None
        step = ROWS if free else batch
        chunks = []
        for i in range(0, count, step):
            progress()
            chunks.append(function(*(padded(x[i : i + step], 0 if free else batch) for x in rows)))
        outputs = {
            tensor.name: np.concatenate([chunk[k] for chunk in chunks])[:count]
            for k, tensor in enumerate(described.outputs)
        }
        for name, array in outputs.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ModelError(
                    f"the original net's output '{name}' ({signature}) holds NaN or infinite "
                    "values; check the model and the --data it is run on"
                )
        return outputs


def fixed_batch(part: PartInfo) -> int | None:
    """The batch that a net's inputs or outputs fix; None where it is free.

    Outputs tell of one that is only written into a reshape.
    """
    rows = [tensor for tensor in part.outputs if len(tensor.shape) > 1]
    return next((tensor.shape[0] for tensor in (*part.inputs, *rows) if tensor.shape[0]), None)

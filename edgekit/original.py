"""The original net as a Runner: what every artifact is compared against (needs TensorFlow)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import ModelError
from edgekit.model import Model, Signature
from edgekit.sources import Trust, open_parts
from edgekit.sources._part import Part

Array = NDArray[Any]
ROWS = 8  # per call: enough to be quick, little enough for large images


def load_parts(folder: Path, model: Model, trust: Trust) -> dict[str, Part]:
    """The parts of a model of kind `keras`, loaded from its folder."""
    return open_parts({name: folder / file for name, file in model.files.items()}, trust)


class OriginalRunner:
    """Runs signatures through the loaded parts, a few rows at a time."""

    def __init__(self, parts: Mapping[str, Part], signatures: Mapping[str, Signature]) -> None:
        self._parts, self._signatures = parts, signatures
        self._functions: dict[str, Any] = {}

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """N rows in, N rows out; raises ModelError when an output is not finite."""
        described = self._signatures[signature]
        function = self._functions.setdefault(signature, self._traced(described))
        rows = [np.asarray(inputs[t.name]).astype(t.dtype, copy=False) for t in described.inputs]
        step = described.inputs[0].shape[0] or 1
        step = step * max(1, ROWS // step)
        chunks = [
            function(*(array[i : i + step] for array in rows)) for i in range(0, len(rows[0]), step)
        ]
        outputs = {
            tensor.name: np.concatenate([chunk[k].numpy() for chunk in chunks])
            for k, tensor in enumerate(described.outputs)
        }
        for name, array in outputs.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ModelError(
                    f"the original net's output '{name}' ({signature}) holds NaN or infinite "
                    "values; check the model and the --data it is run on"
                )
        return outputs

    def _traced(self, signature: Signature) -> Any:
        import tensorflow as tf

        return tf.function(graph_of(self._parts[signature.part], signature), reduce_retracing=True)


def graph_of(part: Part, signature: Signature) -> Any:
    """A Python function of the signature's inputs, in order, to its outputs, in order."""

    def call(*inputs: Any) -> list[Any]:
        by_source = {t.source: x for t, x in zip(signature.inputs, inputs, strict=True)}
        results = part({t.name: by_source[t.source] for t in part.info.inputs})
        positions = {t.source: k for k, t in enumerate(part.info.outputs)}
        return [results[positions[tensor.source]] for tensor in signature.outputs]

    return call

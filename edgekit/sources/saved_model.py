"""SavedModel folders, as `model.export()` and `tf.saved_model.save` write them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from edgekit.errors import ModelError
from edgekit.families._base import PartInfo
from edgekit.model import Tensor
from edgekit.reason import reason
from edgekit.sources import Trust
from edgekit.sources._flat_graph import FlatGraph, has_bottleneck
from edgekit.sources._saved_model_check import check_files, check_graph
from edgekit.sources._tensorflow import TensorFlowPart

NEEDS = TensorFlowPart.NEEDS
ROWS = 7  # a batch to look at the graph with, that no layer has the size of


def matches(path: Path) -> bool:
    """A folder with saved_model.pb."""
    return (path / "saved_model.pb").is_file()


def check(path: Path, trust: Trust) -> None:
    """Raises ModelError for a damaged folder, and for what it would run that was not trusted."""
    check_files(path)
    check_graph(path, trusted=trust.trust)


def open_parts(path: Path, trust: Trust) -> dict[str, SavedModelPart]:
    """Load the serving signature of a SavedModel.

    Raises:
        ModelError: corrupt, no signature, or more than a net without --trust.
    """
    check(path, trust)
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises many types for a damaged folder
        raise ModelError(f"'{path}' cannot be loaded: {reason(error)}; export it again") from None
    signatures = dict(loaded.signatures)
    if not signatures:
        raise ModelError(f"'{path}' has no signature; write it with model.export(folder)")
    if len(signatures) > 1 and "serving_default" not in signatures:
        raise ModelError(
            f"'{path}' has several signatures ({', '.join(sorted(signatures))}) and none is "
            "'serving_default'; export the one to convert"
        )
    chosen = signatures.get("serving_default") or next(iter(signatures.values()))
    return {"": SavedModelPart(path, loaded, chosen)}


class SavedModelPart(TensorFlowPart):
    """One signature of a SavedModel."""

    def __init__(self, path: Path, loaded: Any, signature: Any) -> None:
        import tensorflow as tf

        self.path, self._loaded, self._signature = path, loaded, signature
        # Its variables alone: with other functions of the folder, which may train them, the
        # converter would take them for state. Tables (trusted) are held by what was loaded.
        handles = {id(variable.handle) for variable in signature.variables}
        others = [t for t in signature.captured_inputs if id(t) not in handles]
        tables = any(tensor.dtype == tf.resource for tensor in others)
        self.trackable = loaded if tables else list(signature.variables)
        self.info = PartInfo(
            inputs=tuple(tensors(signature.structured_input_signature[1], path)),
            outputs=tuple(tensors(signature.structured_outputs, path)),
        )
        self.info = self._with_bottleneck(self.info)

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        result = self._signature(**inputs)
        return [result[tensor.name] for tensor in self.info.outputs]

    def _with_bottleneck(self, info: PartInfo) -> PartInfo:
        """Whether this is an autoencoder: an image becomes an image by way of a flat tensor."""
        import tensorflow as tf

        images = [t for t in (*info.inputs, *info.outputs) if len(t.shape) > 2]
        if len(images) < 2 or len(info.inputs) != 1 or len(info.outputs) != 1:
            return info
        (image,) = info.inputs
        spec = tf.TensorSpec((image.shape[0] or ROWS, *image.shape[1:]), image.dtype)
        try:
            found = has_bottleneck(FlatGraph(lambda x: self({image.name: x}), [spec]))
        except Exception as error:  # a net that takes no such batch
            told = (
                "whether it is an autoencoder was not seen, since it takes no batch of "
                f"{spec.shape[0]} ({reason(error)}); --family autoencoder takes it for one"
            )
            return msgspec.structs.replace(info, remarks=(*info.remarks, told))
        return msgspec.structs.replace(info, bottleneck=found)

    def weights(self) -> Iterator[tuple[str, Any]]:
        for variable in self._signature.variables:
            yield variable.name, variable.numpy()
        for value in self._signature.captured_inputs:
            if value.dtype.is_floating and hasattr(value, "numpy"):
                yield "constant", value.numpy()


def tensors(specs: dict[str, Any], path: Path) -> Iterator[Tensor]:
    """Descriptions of a signature's inputs or outputs."""
    for name, spec in sorted(specs.items()):
        if spec.shape.rank is None:
            raise ModelError(f"'{path}': '{name}' has no known rank; export it with a shape")
        yield Tensor(name=name, shape=tuple(spec.shape), dtype=spec.dtype.name, source=name)

"""Nets with layers that Keras 3 lost, through Keras 2 itself, where tf_keras is installed."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError, there
from edgekit.families._base import PartInfo
from edgekit.model import Tensor
from edgekit.reason import reason
from edgekit.sources._keras_config import leave_training_out
from edgekit.sources._keras_file import (
    CONFIG,
    METADATA,
    WEIGHTS,
    Saved,
    check_hdf5,
    read,
    told_in_one_line,
    unpack,
)
from edgekit.sources._keras_precision import to_float32


def can_fall_back(saved: Saved) -> bool:
    """Whether Keras 2 wrote the file and is here to read it."""
    return saved.keras_2 and not saved.folder and there("tf_keras")


def open_in_keras_2(path: Path, safe_mode: bool) -> Keras2Part:
    """Load a file whose config was checked already.

    Raises:
        ModelError: Keras 2 does not load it either.
    """
    import tf_keras  # type: ignore[import-untyped]

    saved = read(path)
    leave_training_out(saved.tree, own_layers=False)
    remarks = (*to_float32(saved.tree), "loaded by tf_keras: Keras 3 has not all of its layers")
    with tempfile.TemporaryDirectory(prefix="edgekit-") as scratch:
        file = beside(path, saved, Path(scratch))
        try:
            if saved.hdf5:
                net = tf_keras.models.model_from_config(saved.tree)
                net.load_weights(file)
            else:
                net = tf_keras.models.load_model(file, compile=False, safe_mode=safe_mode)
        except Exception as error:  # like Keras 3, nearly every type
            raise ModelError(
                f"'{path}' cannot be loaded, by tf_keras neither: {reason(error)}"
            ) from None
    return Keras2Part(path, net, remarks)


def beside(path: Path, saved: Saved, folder: Path) -> Path:
    """The file under a name that tf_keras takes, its weights looked at, its config as changed."""
    if saved.hdf5:
        with told_in_one_line(path):
            check_hdf5(path)
        (folder / "net.h5").symlink_to(path.absolute())
        return folder / "net.h5"
    unpack(path, folder)
    with zipfile.ZipFile(folder / "net.keras", "w") as archive:
        archive.write(folder / WEIGHTS[0], WEIGHTS[0])
        archive.writestr(CONFIG, json.dumps(saved.tree))
        archive.writestr(METADATA, json.dumps({"keras_version": saved.version}))
    return folder / "net.keras"


class Keras2Part:
    """A net of tf_keras. Ranges and classes are left to what is observed or given."""

    attribute = ""

    def __init__(self, path: Path, net: Any, remarks: tuple[str, ...]) -> None:
        self.path, self._net = path, net
        self.trackable = list(net.variables)
        inputs, outputs = (
            tuple(
                Tensor(name=name, shape=tuple(t.shape), dtype=t.dtype.name, source=k)
                for k, (name, t) in enumerate(zip(names, tensors, strict=True))
            )
            for names, tensors in (
                (net.input_names, net.inputs),
                (net.output_names, net.outputs),
            )
        )
        self.info = PartInfo(inputs=inputs, outputs=outputs, remarks=remarks)

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        import tensorflow as tf

        ordered = [inputs[tensor.name] for tensor in self.info.inputs]
        result = self._net(ordered if len(ordered) > 1 else ordered[0], training=False)
        return list(tf.nest.flatten(result))

    def weights(self) -> Iterator[tuple[str, Any]]:
        for variable in self._net.weights:
            yield variable.name, variable.numpy()

"""Nets with layers that Keras 3 lost, through Keras 2 itself, where tf_keras is installed."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError, there
from edgekit.families._base import PartInfo
from edgekit.model import Tensor
from edgekit.reason import reason
from edgekit.sources import Trust
from edgekit.sources._keras2 import HARD_SIGMOID, RENAMED
from edgekit.sources._keras2_functions import STAND_INS, check_call
from edgekit.sources._keras_allowed import (
    GONE,
    LAMBDA,
    NETS,
    OUTSIDE,
    PARTS,
    REMEDY,
    VALUES,
    looked_up,
    public,
    short,
)
from edgekit.sources._keras_config import dicts, leave_training_out
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
from edgekit.sources._tensorflow import TensorFlowPart


def can_fall_back(saved: Saved) -> bool:
    """Whether Keras 2 wrote the file and is here to read it."""
    return saved.keras_2 and not saved.folder and there("tf_keras")


def open_in_keras_2(path: Path, trust: Trust) -> Keras2Part:
    """Load a file whose config was checked as Keras 3 gets it.

    Raises:
        ModelError: Keras 2 does not load it either, or would take from it what it may not name.
    """
    saved = read(path)
    leave_training_out(saved.tree, own_layers=False)
    if not trust.trust:
        with told_in_one_line(path):
            check_as_saved(path, saved.tree, trust.custom_objects)
    import tf_keras

    remarks = (*to_float32(saved.tree), "loaded by tf_keras: Keras 3 has not all of its layers")
    with tempfile.TemporaryDirectory(prefix="edgekit-") as scratch:
        file = beside(path, saved, Path(scratch))
        try:
            if saved.hdf5:
                net = tf_keras.models.model_from_config(saved.tree)
                net.load_weights(file)
            else:
                net = tf_keras.models.load_model(file, compile=False, safe_mode=not trust.trust)
        except Exception as error:  # like Keras 3, nearly every type
            raise ModelError(
                f"'{path}' cannot be loaded, by tf_keras neither: {reason(error)}"
            ) from None
    return Keras2Part(path, net, remarks)


def check_as_saved(path: Path, tree: dict[str, Any], own: Collection[str]) -> None:
    """Raise ModelError for what tf_keras may not take from a config.

    It gets the config as saved, imports whatever module that names, and looks there for the
    registered name as well. Mending for Keras 3 replaced or dropped these before they were checked.
    """
    for entry in dicts(tree):
        if "class_name" not in entry:
            continue
        name, module, registered = (
            looked_up(entry),
            entry.get("module"),
            entry.get("registered_name"),
        )
        alias = registered is not None and str(registered).rpartition(">")[2] != name
        home = module in (None, "builtins") or str(module).split(".")[0] in ("keras", "tf_keras")
        if alias or not (module in own or (home and known(name, entry))):
            raise ModelError(
                f"'{path}' needs tf_keras and names '{short(module or registered)}.{short(name)}', "
                f"which is no part of a net of Keras 2; {REMEDY}"
            )


def known(name: Any, entry: dict[str, Any]) -> bool:
    """Whether a name is one of Keras 2's own that may be built."""
    if not isinstance(name, str) or name in (*LAMBDA, *OUTSIDE):
        return False
    if name in STAND_INS:
        return check_call(name, entry.get("config")) is None
    others = (*GONE, *RENAMED, *NETS, *VALUES, HARD_SIGMOID)
    return name in others or any(name in public(part) for part in PARTS)


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


class Keras2Part(TensorFlowPart):
    """A net of tf_keras. Ranges and classes are left to what is observed or given."""

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

"""From a Keras file to a net: the config is read, mended, checked and changed, then Keras loads."""

from __future__ import annotations

import inspect
import json
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from edgekit.errors import InputError, ModelError, one_line
from edgekit.own_modules import import_own
from edgekit.reason import advice, reason
from edgekit.sources import Trust
from edgekit.sources._keras2 import modern
from edgekit.sources._keras2_fallback import can_fall_back
from edgekit.sources._keras2_layers import NAMES, stand_ins
from edgekit.sources._keras_allowed import GONE, check_allowed, unknown
from edgekit.sources._keras_asked import check_asked
from edgekit.sources._keras_config import leave_training_out, left_asleep
from edgekit.sources._keras_file import CONFIG, Saved, check_hdf5, read, told_in_one_line, unpack
from edgekit.sources._keras_precision import check_float32, to_float32
from edgekit.sources._keras_weights import load_weights

UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Unknown \w+:?) '([\w>.]+)'")


class NotBuilt(Exception):  # noqa: N818 - what happened
    """Keras 3 could not build a net of Keras 2 that tf_keras may load."""


class Prepared(NamedTuple):
    """A file that may be built: what it says, its config as it will be built, and remarks."""

    saved: Saved
    tree: dict[str, Any]
    remarks: tuple[str, ...]


def prepared(path: Path, trust: Trust, known: Iterable[str] | None = None) -> Prepared:
    """Read, mend and check a file; nothing is built here, and TensorFlow not imported.

    `known` are the names that the user's modules define, None before they are imported.

    Raises:
        ModelError: a damaged file, or one that names what it may not.
    """
    saved = read(path)
    tree = saved.tree
    with told_in_one_line(path):
        if saved.hdf5 or saved.keras_2:
            tree = modern(tree, saved.keras_2)
        leave_training_out(tree)
        remarks = (*to_float32(tree), *left_asleep(tree))
        if not trust.trust:
            waits = trust.custom_objects and known is None
            stood_for = (*NAMES, *(GONE if can_fall_back(saved) else ()))
            check_allowed(path, tree, stood_for, None if waits else list(known or ()))
    return Prepared(saved, tree, remarks)


def load_net(path: Path, trust: Trust) -> tuple[Any, tuple[str, ...]]:
    """The net of a file, computing in float32, with remarks about what was changed for that.

    Raises:
        ModelError: Keras cannot build it, or it is not allowed to; in one line.
        NotBuilt: the same, where tf_keras is left to try.
    """
    import keras

    own = custom_objects(trust.custom_objects)
    known = {**stand_ins(), **own}
    saved, tree, remarks = prepared(path, trust, {*own, *keras.saving.get_custom_objects()})
    try:
        net = built(path, saved, tree, known, own=bool(own), safe_mode=not trust.trust)
    except ModelError:
        raise
    except Exception as error:  # Keras raises nearly every type here
        if not can_fall_back(saved):
            raise ModelError(failure(path, saved, error)) from None
        raise NotBuilt from error
    check_float32(path, net)
    return net, remarks


def built(
    path: Path, saved: Saved, tree: Any, known: dict[str, Any], *, own: bool, safe_mode: bool
) -> Any:
    """Let Keras build the config, if the file holds what it asks for, and fill in the weights."""
    import keras

    with tempfile.TemporaryDirectory(prefix="edgekit-") as scratch:
        folder = Path(scratch)
        with told_in_one_line(path):
            held = check_hdf5(path) if saved.hdf5 else unpack(path, folder)
        check_asked(path, tree, held, known, own=own, safe_mode=safe_mode)
        keras.config.set_dtype_policy("float32")  # the user's modules may have set another
        if saved.hdf5:
            net = keras.saving.deserialize_keras_object(
                tree, custom_objects=known, safe_mode=safe_mode
            )
            load_weights(path, net)
            return net
        (folder / CONFIG).write_text(json.dumps(tree), encoding="utf-8")
        return keras.saving.load_model(
            folder, custom_objects=known, compile=False, safe_mode=safe_mode
        )


def failure(path: Path, saved: Saved, error: Exception) -> str:
    """Why Keras did not load a file, in one line, with what helps."""
    missing = UNKNOWN.search(str(error))
    if missing and not saved.keras_2:
        return unknown(path, missing[1])
    remedy = advice(error)
    if saved.keras_2 and not remedy:
        remedy = (
            f"; it is of Keras {saved.version}: load it there and save it again as .keras in "
            "Keras 3, or model.export('folder')"
        )
    return f"'{path}' cannot be loaded: {reason(error)}{remedy}"


def custom_objects(modules: Iterable[str]) -> dict[str, Any]:
    """Classes and functions that the named modules define, by name.

    What they import from elsewhere is left out, but for layers: a file could name it otherwise.
    """
    found: dict[str, Any] = {}
    for name in modules:
        try:
            module = import_own(name)
        except Exception as error:  # the user's own code may fail in any way
            raise InputError(f"--custom-objects {name}: {one_line(error)}") from None
        found |= {
            key: value
            for key, value in vars(module).items()
            if not key.startswith("_") and is_own(value, name.split(".")[0])
        }
    return found


def is_own(value: Any, package: str) -> bool:
    """Whether a class or function is defined in a package, or is a layer of any."""
    import keras

    if inspect.isclass(value) and issubclass(value, keras.layers.Layer):
        return True
    home = str(getattr(value, "__module__", "")).split(".")[0]
    return (inspect.isclass(value) or inspect.isfunction(value)) and home == package

"""What a Keras config may name: an allow-list, checked before Keras builds anything of it.

Keras looks classes up by the module and name that the file gives. So each must be a layer, an
operation or a small object of Keras itself, or come from a module that the user named. The public
names are read from the source of the installed Keras, which is not imported for that.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError, require
from edgekit.reason import one_line
from edgekit.sources._keras2_functions import STAND_INS, check_call
from edgekit.sources._keras_config import dicts

PARTS = (
    *("layers", "initializers", "regularizers", "constraints", "activations"),
    *("dtype_policies", "ops", "quantizers"),
)
FUNCTIONS = ("initializers", "regularizers", "constraints", "activations", "ops")
NETS = ("Functional", "Sequential", "Model")
# Plain values that Keras writes as objects.
VALUES = (
    *("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"),
    *("__tuple__", "TensorShape"),
)
LAMBDA = ("Lambda", "__lambda__")
# Layers that run what lies outside of the file, or in it as code.
OUTSIDE = {
    "TFSMLayer": "runs a SavedModel of another folder",
    "TorchModuleWrapper": "runs a pickled PyTorch module",
    "JaxLayer": "runs JAX code",
    "FlaxLayer": "runs JAX code",
}
# Of Keras 2: what tf_keras has and Keras 3 has not.
GONE = ("LocallyConnected1D", "LocallyConnected2D", "CuDNNLSTM", "CuDNNGRU", "RandomHeight",
        "RandomWidth", "DenseFeatures", "SequenceFeatures")  # fmt: skip
REMEDY = "pass --trust if you made this file"


def check_allowed(
    path: Path, tree: dict[str, Any], own: Collection[str], known: Collection[str] | None
) -> None:
    """Raise ModelError for what a config names and may not.

    `own` are names that edgekit itself gives a meaning. `known` are those that the user's modules
    define; None: they have not been imported yet, so names that Keras lacks wait.
    """
    entries = [table for table in dicts(tree) if "class_name" in table]
    if not all(isinstance(entry["class_name"], str) for entry in entries):
        raise ModelError(f"'{path}' is damaged: its config names a class that is no text")
    if not all(isinstance(looked_up(entry), str) for entry in entries):
        raise ModelError(f"'{path}' is damaged: its config names a function that is no text")
    check_code(path, entries)
    for entry in entries:
        class_name, name = entry["class_name"], looked_up(entry)
        if name in OUTSIDE:
            raise ModelError(
                f"'{path}': the layer '{name_of(entry)}' ({name}) {OUTSIDE[name]}; "
                f"{REMEDY}, or export the net without it"
            )
        is_function = class_name == "function"
        if is_function and (name in STAND_INS or name in NETS):
            raise ModelError(unknown(path, name))
        if name in STAND_INS and (call := check_call(name, entry.get("config"))):
            raise ModelError(
                f"'{path}': the layer '{name_of(entry)}' calls the TensorFlow function "
                f"'{short(call)}', which does more than compute; {REMEDY}"
            )
        if name in own or of_keras(entry, name):
            continue
        if name in GONE:
            raise ModelError(
                f"'{path}' uses '{name}', which Keras 3 has no more; pip install tf_keras, "
                "or load it in Keras 2 and model.export('folder')"
            )
        if str(entry.get("module") or "").split(".")[0] == "keras" and entry["module"] != "keras":
            raise ModelError(
                f"'{path}' uses '{short(entry['module'])}.{short(name)}', which is no part of a "
                f"net that this Keras knows; update Keras, or {REMEDY}"
            )
        # Keras finds functions by their name alone.
        names = {name} if is_function else {name, class_name, entry.get("registered_name")}
        if known is not None and not names & set(known):
            raise ModelError(unknown(path, name))
    for table in dicts(tree):
        if isinstance(table.get("vocabulary"), (str, dict)):
            raise ModelError(
                f"'{path}': the layer '{short(table.get('name'))}' reads its vocabulary from a "
                f"file ({short(table['vocabulary'])}); {REMEDY}, or save it with the words in it"
            )


def check_code(path: Path, entries: list[dict[str, Any]]) -> None:
    """Raise ModelError for code in the file."""
    if code := [entry for entry in entries if is_code(entry)]:
        layers = [entry for entry in code if looked_up(entry) == LAMBDA[0]]
        lambdas = sorted({name_of(entry) for entry in layers or code})
        names = ", ".join(lambdas[:10]) + (", …" if len(lambdas) > 10 else "")
        raise ModelError(
            f"'{path}' holds code in Lambda layers ({names}), which is not run; "
            f"{REMEDY}, or replace them by standard layers"
        )


def unknown(path: Path, name: str) -> str:
    """The message about a class or function of somebody's own."""
    return (
        f"'{path}' uses '{short(name)}', which is not part of Keras; name the module that "
        "defines it: --custom-objects package.module"
    )


def name_of(entry: dict[str, Any]) -> str:
    config = entry.get("config")
    name = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    return short(name or entry["class_name"].strip("_").lower())


def short(value: Any) -> str:
    return one_line(str(value))[:60]


def is_code(entry: dict[str, Any]) -> bool:
    """Whether an object is code in the file; a Lambda layer may name its function instead."""
    config = entry.get("config")
    if entry["class_name"] != LAMBDA[0] or not isinstance(config, dict):
        return looked_up(entry) in LAMBDA
    called, shape = config.get("function"), config.get("output_shape")
    named = isinstance(called, dict) and called.get("class_name") == "function"
    return not named or (isinstance(shape, dict) and shape.get("class_name") == LAMBDA[1])


def looked_up(entry: dict[str, Any]) -> Any:
    """The name that Keras would look up for an object."""
    return entry.get("config") if entry["class_name"] == "function" else entry["class_name"]


def of_keras(entry: dict[str, Any], name: str) -> bool:
    """Whether an object is one that Keras may build of it."""
    module = entry.get("module")
    if name in VALUES and module is None:
        return True
    if module is not None and not isinstance(module, str):
        return False
    # What a Lambda layer calls gets arguments from the file: functions that only compute.
    parts = FUNCTIONS if entry["class_name"] == "function" else PARTS
    if module in (None, "builtins"):
        return any(name in public(part) for part in parts)
    if module == "keras" or module.startswith(("keras.models", "keras.src.models")):
        return name in NETS or (module == "keras" and name in public("dtype_policies"))
    if name == "SeedGenerator":
        return module.startswith(("keras.random", "keras.src.random"))
    steps = module.removeprefix("keras.src.").removeprefix("keras.").split(".")
    if not module.startswith("keras.") or steps[0] not in parts:
        return False
    return name in public(steps[0]) or (steps[0] == "ops" and name in operations(module))


@cache
def public(part: str) -> frozenset[str]:
    """The names that `keras.<part>` exports."""
    file = keras_folder() / part / "__init__.py"
    if not file.is_file():
        return frozenset()
    body = ast.parse(file.read_text(encoding="utf-8")).body
    imported = [node for node in body if isinstance(node, ast.ImportFrom)]
    names = {alias.asname or alias.name for node in imported for alias in node.names}
    return frozenset(names - {"get", "serialize", "deserialize"})


@cache
def operations(module: str) -> frozenset[str]:
    """The classes of operations that a module such as `keras.src.ops.numpy` defines."""
    file = keras_folder().joinpath(*module.split(".")[1:]).with_suffix(".py")
    if not all(step.isidentifier() for step in module.split(".")) or not file.is_file():
        return frozenset()
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return frozenset(node.name for node in body if isinstance(node, ast.ClassDef))


def home_of_operation(name: str) -> str | None:
    """The module of an operation that stands between layers, such as `x + y` as `Add`."""
    files = sorted((keras_folder() / "src" / "ops").glob("*.py"))
    modules = (f"keras.src.ops.{file.stem}" for file in files if "_test" not in file.stem)
    return next((module for module in modules if name in operations(module)), None)


@cache
def keras_folder() -> Path:
    require("keras", "convert")
    spec = find_spec("keras")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent

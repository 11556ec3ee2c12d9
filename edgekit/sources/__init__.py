"""Where models come from: one file a format.

A source is a module with `NEEDS` (modules that load a file), `matches(path)`, `check(path, trust)`,
which finds what can be seen to be wrong without loading anything, and `open_parts(path, trust)`,
one part named "" or several (_part.py). Only the last imports what it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit import plugin
from edgekit.domain import Domain
from edgekit.errors import InputError, nearest
from edgekit.files.paths import check_plain, check_plain_folder
from edgekit.model import Noise, Prior, Range
from edgekit.own_modules import check_module
from edgekit.sources._foreign import what_it_is
from edgekit.typed import Typed, read_toml

if TYPE_CHECKING:
    from edgekit.sources._part import Part

MODEL_TOML = "model.toml"
PART_NAME = re.compile(r"\w[\w-]*", re.ASCII)


class Trust(Typed, frozen=True):
    """What of a model file may run: Lambda layers and file ops, and the user's own modules."""

    trust: bool = False
    custom_objects: tuple[str, ...] = ()


class ModelToml(Typed, frozen=True):
    """model.toml: which file is which part of a model of several nets."""

    parts: dict[str, str]
    family: str | None = None
    prior: Prior | None = None
    classes: int | None = None
    input_range: Range | None = None
    output_range: Range | None = None
    inputs: dict[str, Domain | tuple[Domain, ...]] = {}  # noqa: RUF012 - copied for each instance
    output: str | None = None
    extra_outputs: tuple[str, ...] = ()
    noise: Noise | None = None
    license: str = ""
    notes: str = ""


def part_files(path: Path) -> dict[str, Path]:
    """The files of a model by part name; a single file is the part `net`.

    Raises:
        InputError: nothing there, or a format that edgekit does not read.
    """
    check_plain(path, "model")
    if not path.exists():
        siblings = path.parent.iterdir() if path.parent.is_dir() else ()
        near = nearest(path.name, (p.name for p in siblings if is_model(p)))
        raise InputError(f"'{path}' does not exist" + (f"; did you mean '{near}'?" if near else ""))
    if not (path / MODEL_TOML).is_file():
        identify(path)
        check_plain_folder(path, "model file")
        return {"net": path}
    described = read_description(path)
    if not described.parts:
        raise InputError(f"'{path / MODEL_TOML}': parts is empty; name the file of each part")
    files = {name: path / file for name, file in described.parts.items()}
    for name, file in files.items():
        if not PART_NAME.fullmatch(name):
            raise InputError(f"'{path / MODEL_TOML}': part name '{name}' is not letters and digits")
        check_plain(file, "model file")
        if not file.exists():
            raise InputError(f"'{path / MODEL_TOML}': part '{name}' is '{file}', not a file")
        identify(file)
        check_plain_folder(file, "model file")
    return files


def read_description(path: Path) -> ModelToml:
    """The model.toml of a folder; without one, that of a single unnamed part."""
    if (path / MODEL_TOML).is_file():
        return read_toml(path / MODEL_TOML, ModelToml, "model description")
    return ModelToml(parts={"net": path.name})


def identify(path: Path) -> str:
    """Which source reads this file; raises InputError for what none does."""
    for name in plugin.names("sources"):
        if plugin.load("sources", name).matches(path):
            return name
    if known := what_it_is(path):
        raise InputError(f"'{path}' {known}")
    raise InputError(
        f"'{path}' is no format edgekit reads: .keras, .h5, a SavedModel folder, or a folder with "
        "model.toml; save the model with model.save('model.keras')"
    )


def is_model(path: Path) -> bool:
    """Whether a path looks like a model."""
    try:
        return (path / MODEL_TOML).is_file() or bool(identify(path))
    except InputError:
        return False


def check_parts(files: Mapping[str, Path], trust: Trust) -> None:
    """Raise InputError for what can be seen to be wrong without loading a part."""
    for name in trust.custom_objects:
        check_module(name, f"--custom-objects {name}")
    for path in files.values():
        plugin.load("sources", identify(path)).check(path, trust)


def needs(files: Iterable[Path]) -> tuple[str, ...]:
    """The modules that load these files."""
    found = (plugin.load("sources", identify(path)).NEEDS for path in files)
    return tuple(dict.fromkeys(module for each in found for module in each))


def open_parts(files: Mapping[str, Path], trust: Trust) -> dict[str, Part]:
    """Load every part.

    A Keras model that holds its nets as attributes (`encoder`, `decoder`, `generator`) and has no
    signature of its own gives those as parts.
    """
    parts: dict[str, Part] = {}
    for name, path in files.items():
        opened = plugin.load("sources", identify(path)).open_parts(path, trust)
        parts |= {name: opened[""]} if "" in opened else opened
    return parts

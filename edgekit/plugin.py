"""The only registry: the file names of a folder are the names that users type.

A metric, pass, family or source is one module of its package, an engine one folder, whose passes
and rewrites are modules of packages in it. `image_to_image.py` is typed `image-to-image`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from edgekit.errors import InputError, did_you_mean

KINDS = {
    "engines": "engine",
    "families": "family",
    "metrics": "metric",
    "passes": "pass",
    "rewrites": "rewrite",
    "sources": "source",
}


def names(package: str) -> list[str]:
    """Every name in the package `edgekit.<package>`, without importing any of them."""
    home = importlib.import_module(f"edgekit.{package}")
    found = (info.name for info in pkgutil.iter_modules(home.__path__))
    return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """Import the module behind one name.

    Raises:
        InputError: the name is unknown; suggests the nearest.
    """
    known = names(package)
    if name not in known:
        raise InputError(f"unknown {kind(package)} '{name}'; {did_you_mean(name, known)}")
    return importlib.import_module(f"edgekit.{package}.{module_name(name)}")


def part(engine: str, name: str) -> ModuleType:
    """Import one module of an engine, such as its `runtime`.

    Raises:
        InputError: the engine is unknown, or has no such part.
    """
    load("engines", engine)
    if not has_part(engine, name):
        raise InputError(f"engine '{engine}' has no {name}")
    return importlib.import_module(f"edgekit.engines.{module_name(engine)}.{name}")


def part_of_each(name: str) -> Iterator[tuple[str, ModuleType]]:
    """Every engine with a module that all of them have, such as `runtime`."""
    yield from ((engine, part(engine, name)) for engine in names("engines"))


def has_part(engine: str, name: str) -> bool:
    """Whether an engine's folder holds this module."""
    return name in names(inside(engine))


def inside(engine: str, folder: str = "") -> str:
    """The package of an engine, or of a folder in it."""
    return ".".join(filter(None, ("engines", module_name(engine), folder)))


def kind(package: str) -> str:
    """What a package holds, in words."""
    word = KINDS[package.rpartition(".")[2]]
    return f"{word} of {package.split('.')[1]}" if "." in package else word


def module_name(name: str) -> str:
    """A name that users type as Python's."""
    return name.replace("-", "_")

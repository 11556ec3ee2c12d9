"""The only registry: the file names of a folder are the names that users type.

A metric, pass, family, source or engine is one module of its package. `image_to_image.py` is typed
`image-to-image`.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from edgekit.errors import InputError, did_you_mean

KINDS = {
    "coverage": "engine with coverage",
    "families": "family",
    "inspect": "engine to inspect",
    "metrics": "metric",
    "mixed": "engine with mixed precision",
    "passes": "pass",
    "rewrites": "engine with rewrites",
    "rewrites.litert": "rewrite of LiteRT graphs",
    "rewrites.openvino": "rewrite of OpenVINO graphs",
    "runtime.engines": "engine",
    "sources": "source",
    "tuning": "engine with a search space",
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
        raise InputError(f"unknown {KINDS[package]} '{name}'; {did_you_mean(name, known)}")
    return importlib.import_module(f"edgekit.{package}.{name.replace('-', '_')}")

"""Modules that the user named: they may lie in the current folder, where nothing else is found.

That folder is not on Python's path: a file of the user's that is called as some library's optional
import would run in the place of it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from edgekit.errors import InputError, one_line


class CurrentFolder:
    """Finds what was named in the folder, and what modules that were found there import from it.

    Asked after all other finders, so that what is installed comes first.
    """

    def __init__(self) -> None:
        self._named: set[str] = set()  # without the modules of a package
        self._found: set[str] = set()

    def allow(self, name: str) -> None:
        """Find this module from now on."""
        self._named.add(package(name))

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Part of Python's import; `path` is that of the package that a module belongs to."""
        if path is not None or not (name in self._named or importer() in self._found):
            return None
        found = PathFinder.find_spec(name, [str(Path.cwd())])
        if found:
            self._found.add(name)
        return found


FOLDER = CurrentFolder()


def package(name: str) -> str:
    """What a module's name begins with."""
    return name.partition(".")[0]


def importer() -> str:
    """The package of the module that imports at this moment."""
    frame = sys._getframe(2)
    while frame.f_back and package(frame.f_globals.get("__name__") or "") == "importlib":
        frame = frame.f_back
    return package(frame.f_globals.get("__name__") or "")


def allow(name: str) -> None:
    """Let Python find a module in the current folder too."""
    if FOLDER not in sys.meta_path:
        sys.meta_path.append(FOLDER)
    FOLDER.allow(name)


def import_own(name: str) -> ModuleType:
    """Import a module that the user named; whatever it raises is the caller's to tell."""
    allow(name)
    return importlib.import_module(name)


def check_module(name: str, what: str) -> None:
    """Check that a module that the user named is there, without running it.

    Raises:
        InputError: beginning with `what`.
    """
    if name.endswith(".py") or "/" in name:
        raise InputError(
            f"{what}: a module is named, not its file: give '{Path(name).stem}', in a folder that "
            f"Python knows or in the current one"
        )
    try:
        allow(name)
        if find_spec(name) is not None:
            return
        reason = f"ModuleNotFoundError: No module named '{name}'"
    except Exception as error:  # of the package that holds it, which is imported
        reason = one_line(error)
    raise InputError(f"{what}: {reason}")

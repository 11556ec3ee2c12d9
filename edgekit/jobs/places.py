"""Where a conversion reads and writes: what cannot be is refused before the work."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from edgekit.errors import InputError


def check_places(model: Path, output: Path, cache: Path, targets: Iterable[str]) -> None:
    """Raise InputError when output or cache cannot be written, or lies in what is read or replaced.

    The content of a model's folder is what stands for it: what is written into it changes it, and
    a cache there would be hashed and copied itself.
    """
    check_folder(output, "choose another output folder")
    check_folder(cache, "choose another --cache-dir")
    if model.is_dir():
        check_outside(output, model, "the model's folder", "choose another -o")
        check_outside(cache, model, "the model's folder", "choose another --cache-dir")
    check_outside(output, cache, "the cache", "choose another -o")
    for name in targets:
        check_outside(cache, output / name, "a bundle's folder", "choose another --cache-dir")


def check_folder(folder: Path, remedy: str) -> None:
    """Raise InputError when no folder can be made or written at a place."""
    ways = (folder, *folder.parents)
    place = next(path for path in ways if path.exists() or path.is_symlink())
    if not place.exists():
        raise InputError(f"'{place}' is a link to nothing; {remedy}")
    if not place.is_dir():
        raise InputError(f"'{place}' is a file; {remedy}")
    if not os.access(place, os.W_OK | os.X_OK):
        raise InputError(f"permission denied ('{place}'): choose a folder you may write to")


def check_outside(place: Path, folder: Path, what: str, remedy: str) -> None:
    """Raise InputError when a place lies in a folder that is something else."""
    if place.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"'{place}' lies in {what} '{folder}'; {remedy}")

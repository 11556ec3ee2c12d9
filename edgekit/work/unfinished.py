"""The folder of a step that goes on where it was interrupted.

It has one place, by the step's key, and is held by a lock while a process works in it: another one
waits, then finds the step done or goes on itself. It stays when the step fails or is killed, with
all that the step keeps there, until the step ends well or the cache removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.work.cache import unfinished


@contextmanager
def resumed(root: Path, key: str, *, anew: bool) -> Iterator[Path]:
    """The folder of a step, held; `anew`: without what an earlier process left in it.

    When the block ends the folder may have another name, or be gone.
    """
    folder = unfinished(root, key)
    handle = held(folder)
    try:
        if anew:
            empty(folder)
        yield folder
    finally:
        os.close(handle)


def held(folder: Path) -> int:
    """Make a folder if it is not there, and wait until nobody else holds it; gives the handle."""
    while True:
        folder.mkdir(exist_ok=True)
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # it was finished, or removed, in between
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            return handle
        if is_at(handle, folder):
            return handle
        os.close(handle)  # who held it has finished the step


def is_at(handle: int, folder: Path) -> bool:
    """Whether a folder still has the name that it was opened by."""
    try:
        return os.path.samestat(os.fstat(handle), folder.stat())
    except FileNotFoundError:
        return False


def empty(folder: Path) -> None:
    """Remove all that is in a folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()

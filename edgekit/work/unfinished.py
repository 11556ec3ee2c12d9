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
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from edgekit.errors import PassError
from edgekit.work.cache import unfinished
from edgekit.work.executor import JOB

LOOK = 0.1  # seconds between two tries to hold what another process has


@contextmanager
def resumed(root: Path, key: str, stopped: Event, *, anew: bool) -> Iterator[Path]:
    """The folder of a step, held; `anew`: without what an earlier process left in it.

    When the block ends the folder may have another name, or be gone.

    Raises:
        PassError: `stopped` was set while another process had it.
    """
    folder = unfinished(root, key)
    handle = held(folder, stopped)
    try:
        wait_for_child(folder / JOB, stopped)
        if anew:
            empty(folder)
        yield folder
    finally:
        os.close(handle)


def held(folder: Path, stopped: Event) -> int:
    """Make a folder if it is not there, and wait until nobody else holds it; gives the handle."""
    while True:
        folder.mkdir(exist_ok=True)
        try:
            handle = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:  # it was finished, or removed, in between
            continue
        try:
            lock(handle, stopped)
            if is_at(handle, folder):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # who held it has finished the step


def wait_for_child(job: Path, stopped: Event) -> None:
    """Wait for the end of one whose parent was killed: it holds its job (worker.main)."""
    with suppress(FileNotFoundError), job.open() as file:
        lock(file.fileno(), stopped)


def lock(handle: int, stopped: Event) -> None:
    """Hold a file or folder, as soon as nobody else does."""
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stopped.wait(LOOK):
                raise PassError("stopped, while another process did the same") from None
        except OSError:  # a file system without locks
            return
        else:
            return


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

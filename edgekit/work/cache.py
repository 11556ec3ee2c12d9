"""The folder of steps that are kept: where it is, how large, and what goes when there is too much.

These are finished steps, and those that go on where they were interrupted. A work space holds
the folder with a shared lock while it lives, so what tidies up, which wants it alone, takes nothing
away from a conversion that is running.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from edgekit.errors import InputError
from edgekit.files.durable import sweep, temporary
from edgekit.typed import Typed

KEEP_DAYS = 30
MOST = 20_000_000_000  # bytes of steps that are kept unless told otherwise
DONE = re.compile(r"[0-9a-f]{24}")  # the folder of a finished step
UNFINISHED = re.compile(r"\.resume-[0-9a-f]{24}")  # of one that goes on where it was interrupted
LEFT = re.compile(r"\.(step|call|gone)-\w{8}(\.old)?")  # of one at work, or that goes


class Usage(Typed, frozen=True):
    """What a cache holds: how many steps, their bytes, and the days since the oldest was used.

    Among them are those that are unfinished, and go on where they were interrupted.
    """

    folder: str
    steps: int
    unfinished: int
    size: int
    oldest_days: float


def default_cache() -> Path:
    """Where steps are kept unless told otherwise: the user's cache folder."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # no HOME, and a user that the system does not know
        home = Path()
    if not home.is_absolute() or home == Path("/.cache"):  # an empty HOME
        raise InputError("no home folder is set (HOME); say where to keep steps: --cache-dir")
    return home / "edgekit" / "work"


def unfinished(root: Path, key: str) -> Path:
    """Where a step is done that goes on where it was interrupted."""
    return root / f".resume-{key}"


def usage(root: Path) -> Usage:
    """What a cache holds now."""
    found = list(steps(root))
    return Usage(
        folder=str(root),
        steps=len(found),
        unfinished=sum(UNFINISHED.fullmatch(each.name) is not None for each in found),
        size=sum(map(size, found)),
        oldest_days=max(map(days_unused, found), default=0.0),
    )


def clear(root: Path) -> Usage:
    """Remove every step, and what killed runs left; gives what was there.

    Raises:
        InputError: a conversion is using it.
        OSError: a step cannot be removed.
    """
    before = usage(root)
    if not root.is_dir():
        return before
    handle = os.open(root, os.O_RDONLY)
    try:
        if not alone(handle):
            raise InputError(f"'{root}' is in use by a conversion; wait until it has ended")
        sweep(root, LEFT)
        for folder in steps(root):
            remove(folder)
    finally:
        os.close(handle)
    return before


def enter(root: Path, most: int) -> int | None:
    """Use a cache: tidied up where nobody else does, and held until the handle is closed.

    What was not used for a month goes, then the oldest until no more than `most` bytes are left.
    """
    sweep(root, LEFT)
    handle = os.open(root, os.O_RDONLY)
    try:
        if alone(handle):
            tidy(root, most)
        fcntl.flock(handle, fcntl.LOCK_SH)
    except OSError:  # a file system without locks
        os.close(handle)
        return None
    return handle


def tidy(root: Path, most: int) -> None:
    """Remove steps that are too old, and the oldest of too many."""
    left = sorted(steps(root), key=days_unused)  # the newest first
    room = most
    for folder in left:
        room -= size(folder)
        if room < 0 or days_unused(folder) > KEEP_DAYS:
            with suppress(OSError):  # one that is not ours to remove is no reason to stop
                remove(folder)


def alone(handle: int) -> bool:
    """Whether nobody else uses the cache whose folder this is."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def steps(root: Path) -> Iterator[Path]:
    """The folders of steps that are kept; raises InputError for a place that is no folder."""
    if root.exists() and not root.is_dir():
        raise InputError(f"'{root}' is a file; give the folder of a cache (--cache-dir)")
    if root.is_dir():
        kept = (DONE, UNFINISHED)
        yield from (each for each in root.iterdir() if any(k.fullmatch(each.name) for k in kept))


def remove(folder: Path) -> None:
    """Delete a step: it is no more the moment that it is renamed."""
    with temporary(folder.parent, ".gone-") as aside:
        folder.rename(aside / folder.name)
        shutil.rmtree(aside / folder.name)


def size(folder: Path) -> int:
    """Bytes of a folder's files."""
    found = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            found += path.lstat().st_size if path.is_file() else 0
    return found


def days_unused(folder: Path) -> float:
    """How long ago a step was last used."""
    try:
        return (time.time() - folder.stat().st_mtime) / 86400
    except OSError:  # it has just gone
        return 0.0

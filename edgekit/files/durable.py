"""What a kill or a power cut at any moment leaves whole: files synced, folders exchanged at once.

Whatever is unfinished has a hidden name and is held by its process; what nobody holds any more was
left by one that was killed, and is swept at the next run.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # from Linux' fcntl.h and fs.h
UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)
OLD = ".old"
UNFINISHED = re.compile(r"\.(?P<name>.+)\.edgekit-\w{8}(\.old)?", re.DOTALL)


def unfinished(path: Path) -> str:
    """How the hidden names begin that stand for `path` until it is whole."""
    return f".{path.name}.edgekit-"


def hold(path: Path) -> int | None:
    """Hold a file or folder until the handle is closed; None while another holds it.

    By a lock on the thing itself: it leaves no file, and goes with its process however that ends.

    Raises:
        OSError: there is no such thing, or the file system knows no locks.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        os.close(handle)
        raise
    return handle


@contextmanager
def temporary(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder that this process holds; removed with all that is in it when the block ends."""
    folder, handle = held_folder(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def held_folder(parent: Path, prefix: str) -> tuple[Path, int | None]:
    """A new folder, and the handle that holds it (none where there are no locks)."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            handle = hold(folder)
        except FileNotFoundError:  # swept before it was held
            continue
        except OSError:
            return folder, None
        if handle is not None and folder.exists():
            return folder, handle
        if handle is not None:
            os.close(handle)


def sweep(folder: Path, ours: re.Pattern[str] = UNFINISHED) -> None:
    """Remove what killed processes left behind: what has a name of ours and is held by nobody.

    A folder that was moved aside for one that never came goes back to its place.
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are what is looked at
    except OSError:  # it may be written, and not be read
        return
    for name in names:
        if found := ours.fullmatch(name):
            with suppress(OSError):  # another process was quicker, or there are no locks here
                place = found.groupdict().get("name")
                tidy(folder / name, folder / place if place else None)


def tidy(left: Path, place: Path | None) -> None:
    """Remove what a killed process left, or put it back in its place if it was moved aside."""
    handle = hold(left)
    if handle is None:
        return
    try:
        if place and left.name.endswith(OLD) and not place.exists():
            left.rename(place)
        else:
            shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(handle)


def remove(folder: Path, prefix: str = "") -> None:
    """Delete a folder that others may look at: it is whole until it is gone."""
    with temporary(folder.parent, prefix or unfinished(folder)) as aside:
        folder.rename(aside / folder.name)


def put(fresh: Path, place: Path) -> None:
    """Put the folder `fresh` in the place of another, which then has the name of `fresh`.

    At no moment is there nothing, where the system can exchange two names. Elsewhere a kill
    between the two renames leaves the other one under a hidden name, until `sweep` puts it back.
    """
    if exchange(fresh, place):
        return
    aside = fresh.with_name(fresh.name + OLD)
    handle = hold(place)  # so that nobody sweeps it while it is aside
    try:
        place.rename(aside)
        fresh.rename(place)
    except BaseException:
        if aside.exists() and not place.exists():
            aside.rename(place)
        raise
    finally:
        if handle is not None:
            os.close(handle)
    aside.rename(fresh)


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names at once; False where the system or the file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform != "linux" or not hasattr(libc, "renameat2"):
        return False
    paths = (os.fsencode(one), os.fsencode(other))
    if libc.renameat2(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(other))


def sync(path: Path) -> None:
    """Have the disk hold a file, or a folder with all that is in it, before it gets its name."""
    inside = path.iterdir() if path.is_dir() and not path.is_symlink() else ()
    for inner in inside:
        sync(inner)
    if path.is_symlink():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in UNSUPPORTED:  # a file system that cannot sync a folder
            raise
    finally:
        os.close(handle)

"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edgekit.errors import InputError, named
from edgekit.files.durable import hold, put, sweep, sync, temporary, unfinished


def write_file(path: Path, content: bytes) -> None:
    """Write a file; on any error, `path` is as it was."""
    place = path.resolve()
    sweep(place.parent)
    with named(path), temporary(place.parent, unfinished(place)) as folder:
        fresh = folder / "file"
        fresh.write_bytes(content)
        fresh.chmod(0o644)
        sync(fresh)
        fresh.replace(place)
        sync_names(place.parent)


@contextmanager
def atomic_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A temporary sibling of `path` that takes its place when the block ends well.

    On any error, an interrupt included, the sibling is removed and `path` is as it was. Killed at
    any moment, `path` is the old one or the new one, and what else is left goes at the next run.

    Raises:
        InputError: `path` exists and `force` is not set, before the block or after it.
    """
    if path.exists() and not force:
        raise exists(path)
    place = path.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    sweep(place.parent)
    with named(path), temporary(place.parent, unfinished(place)) as fresh:
        yield fresh
        fresh.chmod(0o755)
        sync(fresh)
        try:
            fresh.rename(place)  # there is nothing, or an empty folder
        except OSError:
            if not place.is_dir():
                raise
            if not force:  # another process was quicker
                raise exists(path) from None
            put(fresh, place)
        sync_names(place.parent)


def exists(path: Path) -> InputError:
    """What is told of an output that is there already."""
    return InputError(f"'{path}' exists; choose another output or pass --force to replace it")


def sync_names(folder: Path) -> None:
    """Have the disk hold the names in a folder."""
    with suppress(OSError):  # it may not be readable; the content is safe in any case
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def claimed(output: Path) -> Iterator[None]:
    """Have an output folder for this process alone as long as the block lasts.

    The folder is made, and goes again when nothing came into it. What killed runs left in it goes.

    Raises:
        InputError: another process writes there.
    """
    made, handle = claim(output)
    try:
        sweep(output)
        yield
    finally:
        with suppress(OSError):  # something came into it
            for path in made:
                path.rmdir()
        if handle is not None:  # only now: another that has the same folder finds it gone
            os.close(handle)


def claim(output: Path) -> tuple[list[Path], int | None]:
    """What was made for an output folder, and the handle that holds it (none without locks)."""
    while True:
        made = [path for path in (output, *output.parents) if not path.exists()]
        output.mkdir(parents=True, exist_ok=True)
        try:
            handle = hold(output.resolve())
        except FileNotFoundError:  # another process had made it, and is through
            continue
        except OSError:  # no locks on this file system
            return made, None
        if handle is None:
            raise InputError(
                f"another edgekit is writing to '{output}'; wait for it, or choose another -o"
            )
        if is_at(handle, output):
            return made, handle
        os.close(handle)


def is_at(handle: int, path: Path) -> bool:
    """Whether a path still is what was opened there."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False

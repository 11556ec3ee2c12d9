"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.errors import InputError


def write_file(path: Path, content: bytes) -> None:
    """Write a file; on any error, `path` is as it was."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as new:
        fresh = Path(new.name)
    try:
        fresh.write_bytes(content)
        fresh.chmod(0o644)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """A temporary sibling of `path` that takes its place when the block ends well.

    On any error, an interrupt included, the sibling is removed and `path` is as it was.

    Raises:
        InputError: `path` exists and `force` is not set.
    """
    if path.exists() and not force:
        raise InputError(f"'{path}' exists; choose another output or pass --force to replace it")
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield fresh
        fresh.chmod(0o755)
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
            path.rename(old / path.name)
            try:
                fresh.rename(path)
            except BaseException:
                (old / path.name).rename(path)
                raise
            finally:
                shutil.rmtree(old, ignore_errors=True)
        else:
            fresh.rename(path)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)

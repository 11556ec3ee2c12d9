"""A record of a folder's files, which tells later whether they are still what they were."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

RECORD = "files.json"
CHUNK = 1 << 20


def seal(folder: Path) -> None:
    """Record size and checksum of every file in a folder."""
    found = {name: measured(path) for name, path in files(folder).items()}
    (folder / RECORD).write_text(json.dumps(found), encoding="utf-8")


def intact(folder: Path) -> bool:
    """Whether every recorded file is as it was recorded; False when there is no record."""
    try:
        recorded = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return all(measured(folder / name) == told for name, told in recorded.items())
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


def files(folder: Path) -> dict[str, Path]:
    """The files below a folder by POSIX path, but for the record itself."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path for name, path in named.items() if name != RECORD}


def measured(path: Path) -> list[int]:
    """Size and CRC-32 of a file: damage is by accident here, and it must cost little."""
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return [path.stat().st_size, checksum]

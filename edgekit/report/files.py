"""Which files are reports of ours: those may be replaced."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edgekit.candidates.results import Report

LARGEST = 64 << 20  # bytes of a report.json
MARK, HEAD = b'<meta name="generator" content="edgekit">', 1000


def is_report(path: Path) -> bool:
    """Whether a file is a report.json of ours, of an earlier version or with nulls for NaN too."""
    try:
        found = msgspec.json.decode(path.read_bytes()) if 0 < size(path) <= LARGEST else None
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    needed = {field.name for field in msgspec.structs.fields(Report) if field.required}
    return isinstance(found, dict) and needed <= found.keys()


def is_page(path: Path) -> bool:
    """Whether a file is a report.html of ours: its head says so."""
    try:
        if not size(path):
            return False
        with path.open("rb") as file:
            return MARK in file.read(HEAD)
    except OSError:
        return False


def size(path: Path) -> int:
    """Bytes of an ordinary file; 0 of anything else, such as a pipe."""
    return path.stat().st_size if path.is_file() else 0

"""Checksums of files."""

from __future__ import annotations

from pathlib import Path


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    import hashlib  # not by all that import this: it loads OpenSSL

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

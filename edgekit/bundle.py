"""The bundle: a folder with all that a device needs, checked by checksums (docs/bundle.md)."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from edgekit.errors import BundleError, InputError
from edgekit.model import Model
from edgekit.typed import Typed, to_json

FORMAT = 1
MANIFEST = "manifest.json"
GOLDEN = "golden.npz"


class File(Typed, frozen=True):
    """Size in bytes and SHA-256 of one file of a bundle."""

    size: int
    sha256: str


class Manifest(Typed, frozen=True):
    """manifest.json: how the bundle was made, what it holds and what was measured."""

    format: int
    name: str
    engine: str
    target: str
    recipe: str
    model: Model
    files: dict[str, File]
    threads: int = 1
    gates: dict[str, str] = {}  # noqa: RUF012 - a struct field, copied for each instance
    measured: dict[str, Any] = {}  # noqa: RUF012
    tools: dict[str, str] = {}  # noqa: RUF012
    created: str = ""

    @property
    def scores(self) -> dict[str, float]:
        """What the conversion measured of fidelity, as far as it holds numbers."""
        found = self.measured.get("scores")
        pairs = found.items() if isinstance(found, dict) else ()
        return {str(name): value for name, value in pairs if isinstance(value, (int, float))}


def read_manifest(folder: Path, *, verify: bool = True) -> Manifest:
    """Read a bundle's manifest, and check every file against it.

    Raises:
        InputError: `folder` is no bundle.
        BundleError: unknown format, a path that leaves the folder, or (unless `verify` is off) a
            missing or altered file.
    """
    path = folder / MANIFEST
    if not path.is_file():
        kind = "an edgekit bundle (it has no manifest.json)" if folder.is_dir() else "a folder"
        raise InputError(f"'{folder}' is not {kind}; `edgekit convert` makes one")
    try:
        data = msgspec.json.decode(path.read_bytes())
        found = data.get("format") if isinstance(data, dict) else None
        if found != FORMAT:
            raise BundleError(
                f"'{path}' has format {found}, this edgekit reads {FORMAT}; "
                "convert the model again, or install the edgekit that made it"
            )
        manifest = msgspec.convert(data, Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BundleError(f"'{path}' is damaged: {error}; copy the bundle again") from None
    for name, file in manifest.files.items():
        check_place(folder, name)
        if verify:
            check_file(folder, name, file)
    for name in manifest.model.files.values():
        if name not in manifest.files:
            raise BundleError(f"'{path}' lists no checksum for '{name}'; copy the bundle again")
    return manifest


def check_replaceable(place: Path) -> None:
    """Raise InputError when `place` holds anything but a bundle: it may be all the user has."""
    empty = place.is_dir() and not any(place.iterdir())
    if place.exists() and not empty and not (place / MANIFEST).is_file():
        raise InputError(f"'{place}' is not a bundle; remove it yourself or choose another -o")


def check_place(folder: Path, name: str) -> None:
    """Check that one listed file lies inside the bundle, if it is there."""
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts or "\\" in name:
        raise BundleError(f"'{folder}' lists '{name}', which is outside the bundle; refused")
    try:
        inside = (folder / name).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a NUL in the name
        raise BundleError(f"'{folder}' lists {name[:80]!r}, which is no path; refused") from None
    if not inside:
        raise BundleError(f"'{folder / name}' links outside the bundle; refused")


def check_file(folder: Path, name: str, file: File) -> None:
    """Check that one listed file is there and unaltered."""
    path = folder / name
    try:
        if not path.is_file():
            raise BundleError(f"'{path}' is missing; copy the bundle again")
        same = path.stat().st_size == file.size and sha256(path) == file.sha256
    except OSError as error:  # a name that is too long, a file that may not be read
        raise BundleError(
            f"'{folder}' lists {name[:80]!r}, which cannot be read: {error.strerror}"
        ) from None
    if not same:
        raise BundleError(f"'{path}' is not what the manifest says; copy the bundle again")


def describe_files(folder: Path) -> dict[str, File]:
    """Size and checksum of every file below `folder`, by POSIX path."""
    return {
        path.relative_to(folder).as_posix(): File(size=path.stat().st_size, sha256=sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json."""
    (folder / MANIFEST).write_text(to_json(manifest), encoding="utf-8")

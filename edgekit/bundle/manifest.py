"""The bundle: a folder with all that a device needs, checked by checksums (docs/bundle.md)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from edgekit.bundle.consistency import LONGEST, problems, quoted
from edgekit.engines import artifacts
from edgekit.errors import BundleError, InputError
from edgekit.files.checksum import sha256
from edgekit.model import Model
from edgekit.typed import Typed, to_json

FORMAT = 1
MANIFEST = "manifest.json"
GOLDEN = "golden.npz"
LARGEST = 16 << 20  # bytes of a manifest
MOST_THREADS = 1 << 10


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


def read_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest, and check it against itself and every file against it.

    Raises:
        InputError: `folder` is no bundle.
        BundleError: unknown format, a path that leaves the folder, a manifest that contradicts
            itself, a missing or altered file, or one that an engine reads and that is not listed.
    """
    manifest = parse_manifest(folder)
    for name, file in manifest.files.items():
        check_place(folder, name)
        check_file(folder, name, file)
    for name in manifest.model.files.values():
        check_listed(folder, manifest, name)
    for path in artifacts(folder, manifest.model):  # those beside them too
        check_listed(folder, manifest, path.relative_to(folder).as_posix())
    return manifest


def parse_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest, and check it against itself; no other file is looked at."""
    path = folder / MANIFEST
    if not path.is_file():
        kind = "an edgekit bundle (it has no manifest.json)" if folder.is_dir() else "a folder"
        raise InputError(f"'{folder}' is not {kind}; `edgekit convert` makes one")
    check_place(folder, MANIFEST)
    if path.stat().st_size > LARGEST:
        raise BundleError(f"'{path}' is larger than a manifest may be; copy the bundle again")
    try:
        data = msgspec.json.decode(path.read_bytes())
        found = data.get("format") if isinstance(data, dict) else None
        if found != FORMAT:
            raise BundleError(
                f"'{path}' has format {found}, this edgekit reads {FORMAT}; "
                "convert the model again, or install the edgekit that made it"
            )
        manifest = msgspec.convert(data, Manifest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise BundleError(f"'{path}' is damaged: {reason}; copy the bundle again") from None
    if reason := next(contradictions(manifest), ""):
        raise BundleError(f"'{path}' contradicts itself: {reason}; copy the bundle again")
    return manifest


def contradictions(manifest: Manifest) -> Iterator[str]:
    """What of a manifest cannot be true."""
    if any(len(text) > LONGEST for text in (manifest.name, manifest.target, manifest.recipe)):
        yield f"a name of more than {LONGEST} letters"
    if not 1 <= manifest.threads <= MOST_THREADS:
        yield f"{manifest.threads} threads"
    if not isinstance(manifest.measured.get("latency") or {}, dict):
        yield "its latency is no object"
    yield from problems(manifest.model, manifest.engine)


def check_listed(folder: Path, manifest: Manifest, name: str) -> None:
    """Check that a file that is read was checked before."""
    if name not in manifest.files:
        raise BundleError(
            f"'{folder / MANIFEST}' lists no checksum for {quoted(name)}; copy the bundle again"
        )


def foreign(place: Path) -> str:
    """What keeps a place from being replaced, in words; empty for a bundle, or nothing at all.

    Anything but a bundle of ours with its own files may be all that the user has.
    """
    if place.is_symlink():
        return "is a link"
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return ""
    try:
        manifest = parse_manifest(place)
    except (InputError, BundleError):
        return "is not a bundle"
    own = {MANIFEST, *manifest.files}
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if name not in own and (path.is_symlink() or not path.is_dir()):
            return f"holds {quoted(name)}, which is not part of a bundle"
    return ""


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


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json."""
    (folder / MANIFEST).write_text(to_json(manifest), encoding="utf-8")

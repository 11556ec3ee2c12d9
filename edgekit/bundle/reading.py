"""Bundles are checked when they are opened: against themselves, and every file against them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from edgekit import plugin
from edgekit.bundle.consistency import LONGEST, problems, quoted
from edgekit.bundle.format1 import upgraded
from edgekit.bundle.manifest import FORMAT, MANIFEST, Artifact, File, Manifest
from edgekit.device import MOST_THREADS
from edgekit.engines import runtime
from edgekit.engines._formats import artifacts
from edgekit.errors import BundleError, InputError, did_you_mean
from edgekit.files.checksum import sha256
from edgekit.files.packing import ENCODING
from edgekit.typed import pruned

LARGEST = 16 << 20  # bytes of a manifest


def read_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest, and check it against itself and every file against it.

    Raises:
        InputError: `folder` is no bundle.
        BundleError: unknown format, a path that leaves the folder, a manifest that contradicts
            itself, a missing or altered file, or one that an engine reads and that is not listed.
    """
    manifest = parse_manifest(folder)
    for name, file in manifest.files.items():
        check_place(folder, file.stored(name))
        check_file(folder, name, file)
    for name in manifest.assets.values():
        check_listed(folder, manifest, name)
    for artifact in manifest.artifacts:
        for entry in artifact.signatures.values():
            check_listed(folder, manifest, entry.file)
        for path in artifact_files(folder, manifest, artifact):  # those beside them too
            check_listed(folder, manifest, path.relative_to(folder).as_posix())
    return manifest


def artifact_files(folder: Path, manifest: Manifest, artifact: Artifact) -> list[Path]:
    """Where the files that an engine loads of an artifact are, or would be were they not packed."""

    def there(path: Path) -> bool:
        return path.relative_to(folder).as_posix() in manifest.files or path.is_file()

    return artifacts(folder, manifest.model(artifact), there)


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
        told = in_this_format(path, msgspec.json.decode(path.read_bytes()))
        # What a later edgekit may add does not keep this one from running the bundle.
        manifest = msgspec.convert(pruned(told, Manifest), Manifest)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise BundleError(f"'{path}' is damaged: {reason}; copy the bundle again") from None
    manifest = of_known_engines(path, manifest)
    if reason := next(contradictions(manifest), ""):
        raise BundleError(f"'{path}' contradicts itself: {reason}; copy the bundle again")
    return manifest


def in_this_format(path: Path, told: Any) -> Any:
    """What a manifest tells, in the words of this format."""
    found = told.get("format") if isinstance(told, dict) else None
    number = found if type(found) is int else 0  # true is no number of a format
    if number == FORMAT:
        return told
    if number == 1:
        return upgraded(told)
    if number > FORMAT:
        raise BundleError(
            f"'{path}' has format {found}, this edgekit reads 1 to {FORMAT}; "
            "run: pip install -U edgekit"
        )
    what = "is no manifest of a bundle: it has no format"
    if found is not None:
        what = f"has format {quoted(str(found))}, which is none"
    raise BundleError(f"'{path}' {what}; copy the bundle again")


def of_known_engines(path: Path, manifest: Manifest) -> Manifest:
    """The manifest without artifacts for engines and of formats that a later edgekit may have.

    Raises:
        BundleError: there are no others.
    """
    known = plugin.names("engines")
    kept = tuple(
        each
        for each in manifest.artifacts
        if each.engine in known and each.format in runtime(each.engine).FORMATS
    )
    if manifest.artifacts and not kept:
        first = manifest.artifacts[0]
        what = f"for engine {quoted(first.engine)}, which this edgekit does not know"
        if first.engine in known:
            what = f"of format {quoted(first.format)}, which engine '{first.engine}' does not read"
        near = did_you_mean(first.engine[:LONGEST], known)
        raise BundleError(f"'{path}' is {what}; {near}; or run: pip install -U edgekit")
    return msgspec.structs.replace(manifest, artifacts=kept)


def contradictions(manifest: Manifest) -> Iterator[str]:
    """What of a manifest cannot be true."""
    if any(len(text) > LONGEST for text in (manifest.name, manifest.target, manifest.recipe)):
        yield f"a name of more than {LONGEST} letters"
    if not isinstance(manifest.measured.get("latency") or {}, dict):
        yield "its latency is no object"
    if not manifest.artifacts:
        yield "it has no artifact"
    for name, file in manifest.files.items():
        if file.encoding == ENCODING and (file.unpacked is None or not file.unpacked_sha256):
            yield f"it does not tell what is in {quoted(name)}, which is packed"
    for artifact in manifest.artifacts:
        if not 1 <= artifact.device.threads <= MOST_THREADS:
            yield f"{artifact.device.threads} threads"
        yield from problems(manifest.model(artifact), artifact.engine)


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
    own = {MANIFEST, *(file.stored(name) for name, file in manifest.files.items())}
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
    """Check that one listed file is there, unaltered, and stored in a way that is known."""
    path = folder / file.stored(name)
    if file.encoding not in ("", ENCODING):
        raise BundleError(
            f"'{folder / name}' is packed as {quoted(file.encoding)}, which this edgekit does not "
            "read; run: pip install -U edgekit"
        )
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

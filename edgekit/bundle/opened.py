"""The files of an artifact as its engine reads them: those that are packed, expanded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.bundle.manifest import Artifact, File, Manifest
from edgekit.bundle.reading import artifact_files
from edgekit.errors import BundleError, EdgekitError, InputError
from edgekit.files.checksum import sha256
from edgekit.files.packing import unpack
from edgekit.units import size_text

MEMORY = Path("/dev/shm")  # a folder in memory, on Linux


@contextmanager
def opened(
    folder: Path, manifest: Manifest, artifact: Artifact, keep: Path | None = None
) -> Iterator[Path]:
    """A folder with the files of an artifact, under their names.

    It is the bundle itself where nothing is packed. Else files are expanded into memory (on disk
    where there is no room), and gone when the block ends: engines hold what they have loaded. Or,
    once for all, into a folder of the user's, where they are checked by their SHA-256.

    Raises:
        BundleError: what is in a packed file is not what the manifest says.
    """
    names = [
        path.relative_to(folder).as_posix() for path in artifact_files(folder, manifest, artifact)
    ]
    files = {name: manifest.files[name] for name in names}
    if not any(file.encoding for file in files.values()):
        yield folder
    elif keep is not None:
        place = keep / "-".join(sorted({file.sha256[:16] for file in files.values()}))
        fill(place, folder, files)
        yield place
    else:
        with in_memory(sum(file.unpacked or file.size for file in files.values())) as place:
            fill(place, folder, files)
            try:
                yield place
            except EdgekitError as error:  # which names files that will be gone
                raise type(error)(str(error).replace(str(place), str(folder))) from None


def fill(place: Path, folder: Path, files: dict[str, File]) -> None:
    """Put the files of a bundle there, unless they are there already."""
    for name, file in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_file() and sha256(target) == (file.unpacked_sha256 or file.sha256):
            continue
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        if file.encoding:
            expand(folder / file.stored(name), fresh, file)
        else:
            fresh.write_bytes((folder / name).read_bytes())
        fresh.replace(target)


def expand(source: Path, target: Path, file: File) -> None:
    """Expand one file and check what comes out."""
    try:
        unpack(source, target, file.unpacked or 0)
        if sha256(target) != file.unpacked_sha256:
            raise ValueError("its content has another checksum than the manifest says")
    except ValueError as error:
        target.unlink(missing_ok=True)
        raise BundleError(
            f"'{source}' cannot be unpacked: {error}; copy the bundle again"
        ) from None


@contextmanager
def in_memory(size: int) -> Iterator[Path]:
    """A temporary folder with room for so many bytes: in memory if there is one.

    Raises:
        InputError: there is no such room.
    """
    import shutil  # not by all that load a bundle, like tempfile
    import tempfile

    places = [*([MEMORY] if os.access(MEMORY, os.W_OK) else []), Path(tempfile.gettempdir())]
    roomy = next((each for each in places if shutil.disk_usage(each).free > 2 * size), None)
    if roomy is None:
        names = " or ".join(f"'{each}'" for each in places)
        raise InputError(f"no room to unpack {size_text(size)} in {names}; make some, or load the "
                         "bundle with unpacked=FOLDER")  # fmt: skip
    with tempfile.TemporaryDirectory(
        prefix="edgekit-", dir=roomy, ignore_cleanup_errors=True
    ) as place:
        yield Path(place)

"""Reading Keras files that nobody vouches for: sizes are bounded before anything is read whole.

A `.keras` file is a zip archive (or, unpacked, a folder) of config.json and model.weights.h5; an
`.h5` file is HDF5 with the config as an attribute. What a file is, its content tells, not its name:
Keras 2 wrote HDF5 into files called `.keras` too.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from edgekit.errors import InputError, ModelError
from edgekit.reason import one_line
from edgekit.sources._foreign import Foreign, what_it_is

CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = ("model.weights.h5", "model.weights.npz")
ASSETS = "assets/"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MOST_CONFIG = 32 << 20  # bytes; a net of ten thousand layers has half of that
MOST_DEPTH = 200
LONGEST_NAME = 256
# Content that is more than HARMLESS bytes and so many times what is stored of it is no model; one
# array or member is looked at, so that it can be named, and all of a file together.
HARMLESS, EXPANSION = 256 << 20, 100
MOST_MEMBERS = 10_000  # of an archive; Keras writes three, and a file for each word list
MOST_OBJECTS = 1_000_000  # in an HDF5 file
WEIGHTS_ONLY = "holds weights only; load them into the model and model.save('m.keras')"


class Saved(NamedTuple):
    """What a file says of itself: the architecture, and which Keras wrote it (empty: unknown)."""

    tree: dict[str, Any]
    version: str
    hdf5: bool = False
    folder: bool = False

    @property
    def keras_2(self) -> bool:
        """Whether it was saved by Keras 2 (or 1)."""
        return self.version[:2] in ("1.", "2.") or "tf_keras" in str(self.tree.get("module", ""))


def read(path: Path) -> Saved:
    """The architecture, without running anything of it.

    Raises:
        ModelError: empty, damaged, without architecture, too large, or no Keras file.
    """
    with told_in_one_line(path):
        if path.is_dir():
            saved = read_folder(path)
        elif path.stat().st_size == 0:
            raise ModelError(
                f"'{path}' is empty, as Keras leaves it when saving fails; save the model again"
            )
        elif zipfile.is_zipfile(path) or (path.suffix.lower() == ".keras" and not is_hdf5(path)):
            saved = read_archive(path)
        else:
            saved = read_hdf5(path)
        check_tree(saved.tree)
        return saved


class Odd(Exception):  # noqa: N818 - what is wrong with a file, as the end of "the file …"
    """A file that is not what it should be."""


@contextmanager
def told_in_one_line(path: Path) -> Iterator[None]:
    """Failures of the parsers below, of which each has its own types, as a ModelError."""
    try:
        yield
    except Odd as odd:
        raise ModelError(f"'{path}' {odd}") from None
    except PermissionError as error:
        raise InputError(f"'{path}' cannot be read: {error.strerror}") from None
    except MemoryError:
        raise ModelError(f"'{path}' does not fit into memory") from None
    except (
        *(zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, RuntimeError, zlib.error),
        *(LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError),
    ) as error:
        if known := what_it_is(path):
            raise ModelError(f"'{path}' {known}") from None
        reason = one_line(str(error)) or type(error).__name__
        raise ModelError(
            f"'{path}' is damaged, or not a {path.suffix} file ({reason}); save or copy it again"
        ) from None


def is_hdf5(path: Path) -> bool:
    import h5py

    return bool(h5py.is_hdf5(path))


def read_folder(path: Path) -> Saved:
    """An unpacked `.keras` archive."""
    tree = parsed(read_file(path / CONFIG))
    has_metadata = (path / METADATA).exists()
    version = version_of(read_file(path / METADATA)) if has_metadata else ""
    return Saved(tree, version, folder=True)


def read_file(file: Path) -> bytes:
    if file.stat().st_size > MOST_CONFIG:
        raise Odd(too_large(file.stat().st_size))
    return file.read_bytes()


def read_archive(path: Path) -> Saved:
    with zipfile.ZipFile(path) as archive:
        check_members(archive, path)
        names = archive.namelist()
        if CONFIG not in names:
            raise Odd(without_config(names))
        tree = parsed(read_member(archive, CONFIG))
        version = version_of(read_member(archive, METADATA)) if METADATA in names else ""
    return Saved(tree, version)


def version_of(metadata: bytes) -> str:
    """The Keras that wrote a file; empty where its metadata does not tell."""
    return str(parsed(metadata).get("keras_version", ""))


def without_config(names: list[str]) -> str:
    """What an archive is that has no architecture."""
    if any(name in WEIGHTS for name in names):
        return WEIGHTS_ONLY
    if known := Foreign.of_archive(names):
        return known
    inner = next((n for n in names if PurePosixPath(n).name == CONFIG), None)
    if inner:
        return f"has '{inner}' where config.json belongs; zip the files, not their folder"
    return "is a zip file, but no Keras model: it holds no config.json"


def check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Raises Odd for members that Keras would not have written, before one is read."""
    seen = set()
    if len(archive.infolist()) > MOST_MEMBERS:
        raise Odd(f"is refused: it holds {len(archive.infolist())} files, more than any model")
    for info in archive.infolist():
        name = one_line(info.filename)[:80]
        place = PurePosixPath(info.filename.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in info.filename:
            raise Odd(f"holds a file that leads out of the archive ('{name}')")
        if info.filename in seen:
            raise Odd(f"holds '{name}' twice; save it again")
        seen.add(info.filename)
        if info.flag_bits & 1:
            raise Odd("is an encrypted archive; unpack it with its password and zip it without one")
        if info.compress_type not in METHODS:
            raise Odd(
                f"stores '{name}' by a compression that Keras does not write; zip it with deflate"
            )
        if info.file_size > HARMLESS and info.file_size > EXPANSION * info.compress_size:
            raise Odd(
                f"is refused: '{name}' unpacks to {info.file_size >> 20} MB from "
                f"{info.compress_size >> 10} kB"
            )
    check_whole(sum(info.file_size for info in archive.infolist()), path)


def check_whole(unpacked: int, path: Path) -> None:
    """Raises Odd for a file whose content together is far more than it is."""
    stored = path.stat().st_size
    if unpacked > HARMLESS and unpacked > EXPANSION * stored:
        raise Odd(f"is refused: it unpacks to {unpacked >> 20} MB from {stored >> 10} kB")


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    size = archive.getinfo(name).file_size
    if size > MOST_CONFIG:
        raise Odd(too_large(size))
    with archive.open(name) as file:
        return file.read(MOST_CONFIG)


def read_hdf5(path: Path) -> Saved:
    import h5py

    with h5py.File(path) as file:
        if "model_config" not in file.attrs:
            raise Odd(WEIGHTS_ONLY)
        tree = parsed(attribute(file, "model_config"))
        version = ""
        if "keras_version" in file.attrs:
            version = attribute(file, "keras_version").decode(errors="replace")
        return Saved(tree, version or "1.0", hdf5=True)


def attribute(file: Any, name: str) -> bytes:
    """A text attribute; its size is bounded by what the file stores of it."""
    stored = file.attrs.get_id(name)
    if stored.shape != () or stored.get_storage_size() > MOST_CONFIG:
        raise Odd(f"is damaged: its {name} is no text; save it again")
    value = file.attrs[name]
    if isinstance(value, str):
        value = value.encode(errors="surrogateescape")
    if not isinstance(value, bytes):
        raise Odd(f"is damaged: its {name} is no text; save it again")
    if len(value) > MOST_CONFIG:
        raise Odd(too_large(len(value)))
    return bytes(value)


def too_large(size: int) -> str:
    return f"has an architecture of {size >> 20} MB; {MOST_CONFIG >> 20} MB are the most"


def parsed(text: bytes) -> dict[str, Any]:
    try:
        tree = json.loads(text)
    except UnicodeDecodeError:
        raise Odd("is damaged: its config is not UTF-8; save it again") from None
    except RecursionError:
        raise Odd("is refused: its config is nested without end") from None
    except ValueError as error:
        raise Odd(f"is damaged: its config is no JSON ({error}); save it again") from None
    if not isinstance(tree, dict):
        raise Odd("is damaged: its config is no object; save it again")
    return tree


def check_tree(tree: dict[str, Any]) -> None:
    """Raises Odd for a config that is nested too deep, or has names that are none."""
    waiting: list[tuple[Any, int]] = [(tree, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise Odd("is refused: its config is nested without end")
        if isinstance(value, dict):
            for key in ("class_name", "module", "registered_name", "name"):
                check_name(key, value.get(key))
            waiting += [(inner, depth + 1) for inner in value.values()]
        elif isinstance(value, list):
            waiting += [(inner, depth + 1) for inner in value]


def check_name(key: str, value: Any) -> None:
    if isinstance(value, str) and (len(value) > LONGEST_NAME or not value.isprintable()):
        raise Odd(f"is refused: its config has a {key} that is none ('{one_line(value)[:40]}…')")


def unpack(path: Path, folder: Path) -> int:
    """The weights and assets of an archive (or unpacked archive) into a folder, config left out.

    Gives how many values it holds at most.
    """
    with told_in_one_line(path):
        if path.is_dir():
            for name in (*WEIGHTS, ASSETS.rstrip("/")):
                if (path / name).exists():
                    (folder / name).symlink_to((path / name).absolute())
        else:
            with zipfile.ZipFile(path) as archive:
                check_members(archive, path)
                for info in archive.infolist():
                    if info.filename in WEIGHTS or info.filename.startswith(ASSETS):
                        archive.extract(info, folder)
        weights = folder / WEIGHTS[0]
        if weights.exists():
            return check_hdf5(weights)
        if not (folder / WEIGHTS[1]).exists():
            raise Odd(f"is damaged: it holds no {WEIGHTS[0]}; save or copy it again")
        return (folder / WEIGHTS[1]).stat().st_size


def check_hdf5(path: Path) -> int:
    """The number of values in an HDF5 file.

    Raises:
        Odd: it reads other files, or unpacks to far more than it is.
    """
    import h5py

    with h5py.File(path) as file:
        waiting, seen, unpacked, values = [file["/"]], set(), 0, 0
        while waiting:
            group = waiting.pop()
            address = h5py.h5o.get_info(group.id).addr
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MOST_OBJECTS:
                raise Odd("is refused: it holds more objects than any model")
            for name in group:
                kind = type(group.get(name, getlink=True))
                if kind is not h5py.HardLink:
                    raise Odd(f"is refused: '{one_line(name)[:80]}' in it is a {kind.__name__}")
                inner = group[name]
                if isinstance(inner, h5py.Group):
                    waiting.append(inner)
                elif isinstance(inner, h5py.Dataset):
                    check_dataset(one_line(inner.name)[:80], inner)
                    unpacked += inner.size * inner.dtype.itemsize
                    values += inner.size
        check_whole(unpacked, path)
    return values


def check_dataset(name: str, dataset: Any) -> None:
    if dataset.external or dataset.is_virtual:
        raise Odd(f"is refused: '{name}' in it is read from another file")
    declared, stored = dataset.size * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if declared > HARMLESS and declared > EXPANSION * stored:
        raise Odd(f"is refused: '{name}' unpacks to {declared >> 20} MB from {stored >> 10} kB")

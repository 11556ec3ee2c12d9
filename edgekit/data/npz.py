"""Named arrays in .npz files, without pickled objects.

Headers are looked at first: an archive of a few bytes may claim, and even unpack to, any size.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from edgekit.errors import InputError
from edgekit.files.paths import check_plain, shown
from edgekit.machine.memory import check_memory

Arrays = dict[str, NDArray[Any]]
MOST_ARRAYS = 10_000
RATIO = 1032  # the most that deflate makes of a byte
CHUNK = 1 << 20


class Header(NamedTuple):
    """What a file says of an array; that so many bytes are there has been checked."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    def first(self, most: int | None) -> tuple[int, ...]:
        """The shape of the first rows; all where the order of the values puts no row first."""
        if most is None or not self.shape or self.fortran:
            return self.shape
        return (min(most, self.shape[0]), *self.shape[1:])

    def size(self, most: int | None = None) -> int:
        """Bytes of the first rows."""
        return math.prod(self.first(most)) * self.dtype.itemsize


def read(path: Path, most: int | None = None) -> Arrays:
    """The arrays of a file by name, of each at most so many rows; a .npy has one, named "".

    Raises:
        InputError: missing, damaged, not what NumPy writes, or more than memory holds.
    """
    size = sum(told.size(most) for told in headers(path).values())
    check_memory(size, f"the arrays of '{shown(path)}'")
    with told_in_one_line(path):
        return {name: values(file, header(path, file, length), most)
                for name, file, length in streams(path)}  # fmt: skip


def headers(path: Path) -> dict[str, Header]:
    """Shape and type of each array, without its values; raises InputError as `read` does."""
    with told_in_one_line(path):
        return {name: header(path, file, length) for name, file, length in streams(path)}


def write(path: Path, arrays: Mapping[str, NDArray[Any]], *, compress: bool = False) -> None:
    """Write arrays by name; a name may hold slashes."""
    save = np.savez_compressed if compress else np.savez
    save(path, **arrays)  # type: ignore[arg-type]


@contextmanager
def told_in_one_line(path: Path) -> Iterator[None]:
    """Whatever a damaged file raises, as InputError."""
    try:
        yield
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"'{shown(path)}' does not exist") from None
    except PermissionError:
        raise InputError(f"'{shown(path)}' may not be read; change its permissions") from None
    except Exception:  # nearly every type
        raise InputError(f"'{shown(path)}' is cut off or damaged; copy it again") from None


def streams(path: Path) -> Iterator[tuple[str, IO[bytes], int]]:
    """Every array of a file, one after another: its name, and a stream of so many bytes."""
    check_plain(path, "file")
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        if start == npy.MAGIC_PREFIX:
            yield "", file, path.stat().st_size
        elif start.startswith(b"PK"):
            with zipfile.ZipFile(file) as archive:
                for entry in entries(path, archive):
                    with archive.open(entry) as member:
                        yield entry.filename.removesuffix(".npy"), member, entry.file_size
        else:
            raise InputError(f"'{shown(path)}' is not an npz or npy file")


def entries(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The arrays of an archive, as NumPy writes them."""
    found = archive.infolist()
    if len(found) > MOST_ARRAYS:
        raise InputError(f"'{shown(path)}' holds {len(found)} arrays, more than {MOST_ARRAYS}")
    for entry in found:
        if entry.flag_bits & 1:
            raise InputError(f"'{shown(path)}' is encrypted; save it without a password")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"'{shown(path)}' is packed as no npz is; save it with numpy.savez")
        if entry.file_size > RATIO * (entry.compress_size + 1):
            raise ValueError("no so short a member unpacks to that")
        if not entry.filename.endswith(".npy"):
            raise InputError(f"'{shown(path)}' holds more than arrays; save it with numpy.savez")
    return found


def header(path: Path, file: IO[bytes], length: int) -> Header:
    """Read the header of an array from a stream of so many bytes."""
    old = npy.read_magic(file) == (1, 0)
    told = Header(*(npy.read_array_header_1_0 if old else npy.read_array_header_2_0)(file))
    if told.dtype.hasobject:
        raise InputError(
            f"'{shown(path)}' holds Python objects, which are not loaded; save plain arrays"
        )
    if min(told.shape, default=0) < 0 or file.tell() + told.size() > length:
        raise ValueError("fewer values than the shape says")
    return told


def values(file: IO[bytes], told: Header, most: int | None) -> NDArray[Any]:
    """The first rows of an array whose header was read."""
    content = np.empty(told.size(most), np.uint8)
    for start in range(0, len(content), CHUNK):
        part = file.read(min(CHUNK, len(content) - start))
        content[start : start + CHUNK] = np.frombuffer(part, np.uint8)
    shape = told.first(most)
    if told.dtype.itemsize == 0:
        return np.empty(shape, told.dtype)
    flat = content.view(told.dtype)
    rows = flat.reshape(shape[::-1]).T if told.fortran else flat.reshape(shape)
    return rows[:most] if rows.ndim else rows

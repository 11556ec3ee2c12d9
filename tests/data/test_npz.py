"""Archives of arrays are believed only as far as their bytes go, and never past memory."""

import io
import resource
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.data import npz
from edgekit.errors import InputError
from edgekit.machine import memory

ROWS = np.arange(60, dtype=np.float32).reshape(20, 3)


def saved(array: Any, **more: Any) -> bytes:
    """An array as a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, **more)
    return buffer.getvalue()


def claiming(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    """A .npy file of a few bytes that says to hold an array of any size."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue() + b"\0" * 64


def archive(path: Path, content: bytes, method: int = zipfile.ZIP_STORED) -> Path:
    """An .npz of one member."""
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("z.npy", content)
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_what_was_written_is_read(tmp_path: Path, compress: bool) -> None:
    arrays = {
        "a/b": ROWS,
        "column order": np.asfortranarray(ROWS),
        "big-endian": ROWS.astype(">f8"),
        "number": np.array(3),
        "no rows": np.empty((0, 4)),
        "flags": ROWS > 3,
        "words": np.array(["a", "bc"]),
        "nothing": np.array(["", ""], "<U0"),
    }
    npz.write(tmp_path / "a.npz", arrays, compress=compress)
    found = npz.read(tmp_path / "a.npz")
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
        found[name].setflags(write=True)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compress", [False, True])
def test_only_the_first_rows(tmp_path: Path, order: Any, compress: bool) -> None:
    rows = np.asarray(ROWS, order=order)
    npz.write(tmp_path / "a.npz", {"z": rows, "number": np.array(3)}, compress=compress)
    found = npz.read(tmp_path / "a.npz", most=7)
    np.testing.assert_array_equal(found["z"], ROWS[:7])
    assert found["number"] == 3
    np.save(tmp_path / "a.npy", rows)
    np.testing.assert_array_equal(npz.read(tmp_path / "a.npy", most=7)[""], ROWS[:7])


def test_no_row_further_on_is_unpacked(tmp_path: Path) -> None:
    """Four gigabytes of zeros are 4 MB as an archive; their first rows are read in 1 GB."""
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("z.npy", "w", force_zip64=True) as member,
    ):
        np.lib.format.write_array_header_1_0(
            member, {"descr": "<f4", "fortran_order": False, "shape": (1 << 10, 1 << 16)}
        )
        for _ in range(256):
            member.write(bytes(1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert npz.headers(tmp_path / "a.npz")["z"].shape == (1 << 10, 1 << 16)
    assert npz.read(tmp_path / "a.npz", most=2)["z"].shape == (2, 1 << 16)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # of 256 MB, in kB


def test_more_than_memory_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npz.write(tmp_path / "a.npz", {"z": ROWS})
    monkeypatch.setattr(memory, "available_memory", lambda: 200)
    with pytest.raises(InputError, match=r"a\.npz' take 0\.0 GB"):
        npz.read(tmp_path / "a.npz")
    assert len(npz.read(tmp_path / "a.npz", most=10)["z"]) == 10


DAMAGED = {
    "cut off": saved(ROWS)[:-1],
    "cut off within its header": saved(ROWS)[:40],
    "longer than the file": claiming((1 << 40,)),
    "no number of bytes": claiming((1 << 62, 1 << 62)),
    "negative": claiming((-1, 4)),
    "of no type": saved(ROWS).replace(b"'<f4'", b"'zzz'"),
    "a header without end": saved(ROWS).replace(b"(20, 3)", b"((((((("),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_arrays(tmp_path: Path, case: str) -> None:
    (tmp_path / "a.npy").write_bytes(DAMAGED[case])
    archive(tmp_path / "a.npz", DAMAGED[case], zipfile.ZIP_DEFLATED)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(InputError, match=rf"^'.*{name}' is cut off or damaged; copy it again$"):
            npz.read(tmp_path / name)
        with pytest.raises(InputError):
            npz.headers(tmp_path / name)


def test_a_changed_value_is_noticed(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", saved(ROWS))
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        npz.read(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packed_as_numpy_does_not(tmp_path: Path, method: int) -> None:
    with pytest.raises(InputError, match="packed as no npz is"):
        npz.read(archive(tmp_path / "a.npz", saved(ROWS), method))


def test_encrypted(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", saved(ROWS))
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        struct.pack_into("<H", content, content.index(mark) + place, 1)
    path.write_bytes(content)
    with pytest.raises(InputError, match="is encrypted"):
        npz.read(path)


def test_a_member_that_says_to_be_huge(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", claiming((1 << 28,)), zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\1\2") + 24, (1 << 30) + 192)
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        npz.headers(path)


def test_objects_are_not_loaded(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", saved(np.array([print]), allow_pickle=True))
    with pytest.raises(InputError, match="holds Python objects"):
        npz.read(path)


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("letter.docx", b"...")
    with pytest.raises(InputError, match="holds more than arrays"):
        npz.read(tmp_path / "a.npz")

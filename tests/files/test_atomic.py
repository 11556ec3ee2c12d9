"""Files and folders appear whole or not at all."""

from pathlib import Path

import pytest

from edgekit.errors import InputError
from edgekit.files.atomic import atomic_folder, write_file


def tree(folder: Path) -> dict[str, bytes]:
    """Everything below a folder, hidden files too."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_folder_takes_its_place_when_the_block_ends_well(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "new" / "out") as folder:
        (folder / "file").write_bytes(b"1")
        assert not (tmp_path / "new" / "out").exists()
    assert tree(tmp_path) == {"new/out/file": b"1"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]
    assert (tmp_path / "new" / "out").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("force", [False, True])
def test_an_error_leaves_nothing_behind(
    tmp_path: Path, error: type[BaseException], force: bool
) -> None:
    out = tmp_path / "out"
    if force:
        out.mkdir()
        (out / "file").write_bytes(b"old")
    with pytest.raises(error), atomic_folder(out, force=force) as folder:
        (folder / "file").write_bytes(b"new")
        raise error
    assert tree(tmp_path) == ({"out/file": b"old"} if force else {})
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if force else [])


def test_an_existing_folder_is_replaced_only_with_force(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").write_bytes(b"1")
    with pytest.raises(InputError, match=r"exists; .*--force"), atomic_folder(out):
        pytest.fail("the block must not run")
    with atomic_folder(out, force=True) as folder:
        (folder / "new").write_bytes(b"2")
    assert tree(tmp_path) == {"out/new": b"2"}
    assert list(tmp_path.iterdir()) == [out]


def test_the_old_folder_comes_back_when_the_exchange_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "file").write_bytes(b"old")
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if target == out and (self / "new").exists():
            raise KeyboardInterrupt
        return rename(self, target)

    with pytest.raises(KeyboardInterrupt), atomic_folder(out, force=True) as folder:
        (folder / "new").write_bytes(b"new")
        monkeypatch.setattr(Path, "rename", interrupted)
    assert tree(tmp_path) == {"out/file": b"old"}
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (b"old", b"new"):
        write_file(path, content)
        assert tree(tmp_path) == {"file": content}
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_file_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_file(path, b"new")
    assert tree(tmp_path) == {"file": b"old"}

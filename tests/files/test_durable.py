"""A kill at any moment, or another process at work, loses nothing and leaves nothing half."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgekit.errors import InputError
from edgekit.files import atomic, durable
from edgekit.files.atomic import atomic_folder, claimed, write_file
from edgekit.files.durable import put, remove, sweep, sync, temporary

FILES = 20
BACK = "def exchange(one, other): return False\n"


@pytest.fixture(params=["exchange", "two renames"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to put one folder in the place of another."""
    if request.param == "two renames":
        monkeypatch.setattr(durable, "exchange", lambda one, other: False)
    return str(request.param)


def folder(path: Path, content: str = "old") -> Path:
    """A folder whose files all hold the same."""
    path.mkdir(parents=True)
    for number in range(FILES):
        (path / str(number)).write_text(content)
    return path


def contents(path: Path) -> set[str]:
    """What the files of a folder hold; checks that all of them are there."""
    assert len(list(path.iterdir())) == FILES
    return {file.read_text() for file in path.iterdir()}


@contextmanager
def looping(
    program: str, *arguments: object, source: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does something again and again."""
    code = f"import sys\nfrom pathlib import Path\nfrom edgekit.files import durable\n{source}"
    code += "durable.exchange = exchange\n" if source else ""
    command = [sys.executable, "-c", code + program, *map(str, arguments)]
    pipe = subprocess.PIPE  # that nothing comes through: to read stdin is to wait for the kill
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        child.stdout.readline()
        try:
            yield
        finally:
            child.kill()


REPLACING = f"""
from edgekit.files.atomic import atomic_folder
print("ready", flush=True)
for turn in range(10**9):
    with atomic_folder(Path(sys.argv[1]), force=True) as fresh:
        for number in range({FILES}):
            (fresh / str(number)).write_text(f"new {{turn}}")
"""


def kills(default: int) -> list[object]:
    """So many kills by default, a hundred behind the marker."""
    return [default, pytest.param(100, marks=pytest.mark.slow)]


@pytest.mark.parametrize("source", ["", BACK], ids=["exchange", "two renames"])
@pytest.mark.parametrize("times", kills(5))
def test_killed_while_it_replaces_a_folder(tmp_path: Path, times: int, source: str) -> None:
    """The old one or a new one is there, whole; after the next run, nothing else."""
    chance = random.Random(1)
    out = folder(tmp_path / "out")
    for _ in range(times):
        with looping(REPLACING, out, source=source):
            time.sleep(chance.uniform(0, 0.05))
        if source:  # two renames have a moment between them; the next run mends it
            sweep(tmp_path)
        assert len(contents(out)) == 1
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [out]


REMOVING = """
from edgekit.files.durable import remove
print("ready", flush=True)
for place in sorted(Path(sys.argv[1]).iterdir()):
    remove(place)
"""


@pytest.mark.parametrize("times", kills(3))
def test_killed_while_it_tidies_up(tmp_path: Path, times: int) -> None:
    """What is still there is whole."""
    chance = random.Random(2)
    for _ in range(times):
        for name in range(40):
            folder(tmp_path / f"step{name}")
        with looping(REMOVING, tmp_path):
            time.sleep(chance.uniform(0, 0.02))
        sweep(tmp_path)
        left = list(tmp_path.iterdir())
        assert all(contents(place) == {"old"} for place in left)
        for place in left:
            remove(place)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_between_any_two_steps_keeps_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Whichever rename it comes after."""
    out, rename, seen = folder(tmp_path / "out"), Path.rename, []

    def interrupted(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        seen.append(target)
        if len(seen) == stop:
            raise KeyboardInterrupt
        return moved

    for stop in range(1, 4):  # noqa: B007 - read by the function above
        seen.clear()
        with monkeypatch.context() as patch, pytest.raises((KeyboardInterrupt, ZeroDivisionError)):
            patch.setattr(Path, "rename", interrupted)
            with atomic_folder(out, force=True) as fresh:
                for number in range(FILES):
                    (fresh / str(number)).write_text("new")
            raise ZeroDivisionError  # it was done before so many renames
        assert contents(out) in ({"old"}, {"new"})
    assert list(tmp_path.iterdir()) == [out]


def test_what_was_moved_aside_comes_back(tmp_path: Path) -> None:
    """A kill between two renames, where names cannot be exchanged."""
    aside = folder(tmp_path / ".out.edgekit-abcdefgh.old")
    folder(tmp_path / ".out.edgekit-abcdefgh", "new")
    sweep(tmp_path)
    assert contents(tmp_path / "out") == {"old"}
    assert not aside.exists()
    folder(aside)
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_only_what_nobody_uses_and_what_is_ours_is_swept(tmp_path: Path) -> None:
    for name in (".git", ".out.backup12", ".out.edgekit-notes", "out.edgekit-abcdefgh"):
        folder(tmp_path / name)
    (tmp_path / ".out.edgekit-aaaaaaaa").symlink_to(tmp_path / ".git")
    kept = set(tmp_path.iterdir())
    with temporary(tmp_path, ".out.edgekit-") as used:
        folder(tmp_path / ".out.edgekit-left1234")
        sweep(tmp_path)
        assert set(tmp_path.iterdir()) == kept | {used}
    assert set(tmp_path.iterdir()) == kept


def test_another_process_at_work_is_left_alone(tmp_path: Path) -> None:
    program = """
from edgekit.files.durable import temporary
with temporary(Path(sys.argv[1]), ".out.edgekit-"):
    print("ready", flush=True)
    sys.stdin.read()
"""
    with looping(program, tmp_path):
        sweep(tmp_path)
        assert len(list(tmp_path.iterdir())) == 1
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_is_refused_before_the_work(tmp_path: Path) -> None:
    with (
        claimed(tmp_path / "out"),
        pytest.raises(InputError, match=r"another edgekit is writing to .*out'"),
        claimed(tmp_path / "out"),
    ):
        pytest.fail("the block must not run")
    with claimed(tmp_path / "out"):
        (tmp_path / "out" / "kept").touch()
    assert (tmp_path / "out" / "kept").exists()


def test_a_claim_that_came_to_nothing_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), claimed(tmp_path / "a" / "b"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("again", [False, True], ids=["gone", "made anew"])
def test_a_claim_holds_the_folder_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """One that was removed between being opened and being held is claimed once more."""
    out, held = tmp_path / "out", list[int]()

    def slow(path: Path) -> int | None:
        handle = durable.hold(path)
        assert handle is not None
        if not held:
            path.rmdir()
            if again:
                path.mkdir()
        held.append(handle)
        return handle

    monkeypatch.setattr(atomic, "hold", slow)
    with claimed(out):
        assert len(held) == 2
        assert durable.hold(out) is None  # held by the claim
    assert not out.exists() or again


def test_a_claimed_folder_is_held_until_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rmdir = tmp_path / "out", Path.rmdir

    def watched(path: Path) -> None:
        assert durable.hold(path) is None
        rmdir(path)

    monkeypatch.setattr(Path, "rmdir", watched)
    with claimed(out):
        pass
    assert not out.exists()


def test_the_name_of_a_file_is_on_the_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[tuple[Path, bool]]()
    monkeypatch.setattr(
        atomic, "sync_names", lambda place: synced.append((place, (place / "file").exists()))
    )
    write_file(tmp_path / "file", b"content")
    assert synced == [(tmp_path, True)]


def test_the_slower_of_two_writers_loses_nothing_of_the_other(tmp_path: Path) -> None:
    """Without --force, what came in the meantime stays."""
    out = tmp_path / "out"
    with pytest.raises(InputError, match="exists"), atomic_folder(out) as fresh:
        folder(out, "first")
        (fresh / "0").write_text("second")
    assert contents(out) == {"first"}


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    real = folder(tmp_path / "disk" / "out")
    (tmp_path / "out").symlink_to(real)
    with atomic_folder(tmp_path / "out", force=True) as fresh:
        (fresh / "file").write_text("new")
    assert (tmp_path / "out").is_symlink()
    assert [path.name for path in real.iterdir()] == ["file"]
    assert list((tmp_path / "disk").iterdir()) == [real]


def test_all_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync: Callable[[int], None] = os.fsync

    def noted(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").resolve().name)
        assert not (tmp_path / "out").exists() or len(synced) > 3
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with atomic_folder(tmp_path / "out") as fresh:
        (fresh / "inner").mkdir()
        (fresh / "inner" / "file").write_text("1")
    assert synced == ["file", "inner", fresh.name, tmp_path.name]
    write_file(tmp_path / "report", b"1")
    assert synced[4] == "file"


def test_a_link_that_leads_nowhere_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    sync(tmp_path)


def test_putting_one_folder_for_another(tmp_path: Path, way: str) -> None:
    one, other = folder(tmp_path / "one", "1"), folder(tmp_path / "other", "2")
    put(one, other)
    assert (contents(one), contents(other)) == ({"2"}, {"1"})
    assert len(list(tmp_path.iterdir())) == 2

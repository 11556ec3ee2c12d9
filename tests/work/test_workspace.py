"""Steps are done once, in child processes whose crash is an error like any other."""

import importlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgekit import errors
from edgekit.errors import EdgekitError, InputError, PassError
from edgekit.files.durable import temporary
from edgekit.machine.limits import Limits
from edgekit.work import keys, workspace
from edgekit.work.executor import Here
from edgekit.work.workspace import Workspace

from . import steps


class Copying:
    """A step on a small file, and how often it was really done."""

    def __init__(self, folder: Path) -> None:
        self.source, self.log = folder / "source", folder / "log"
        self.source.write_text("1")
        self.log.touch()

    def __call__(self, space: Workspace, **more: Any) -> Path:
        return space.step(steps.copy, source=self.source, log=str(self.log), **more)

    @property
    def times(self) -> int:
        return len(self.log.read_text().splitlines())


@pytest.fixture
def copying(tmp_path: Path) -> Copying:
    return Copying(tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "work"


def test_a_step_is_done_once(copying: Copying, root: Path) -> None:
    first = copying(Workspace(root))
    assert (first / "copy").read_text() == "1"
    assert copying(Workspace(root)) == first
    assert copying.times == 1


def test_it_is_done_again_when_its_input_changed(copying: Copying, root: Path) -> None:
    first = copying(Workspace(root))
    copying.source.write_text("2")
    second = copying(Workspace(root))
    assert ((first / "copy").read_text(), (second / "copy").read_text()) == ("1", "2")
    copying.source.write_text("1")
    assert copying(Workspace(root)) == first
    assert copying.times == 2


def test_where_an_input_lies_does_not_matter(copying: Copying, root: Path) -> None:
    first = copying(Workspace(root))
    copying.source = copying.source.rename(copying.source.with_name("moved"))
    assert copying(Workspace(root)) == first


@pytest.mark.parametrize(
    "changed", [{"options": steps.Options(bits=4)}, {"also": {"data": "abc"}}, {"needs": ["numpy"]}]
)
def test_options_data_and_tools_are_part_of_a_steps_identity(
    copying: Copying, root: Path, changed: dict[str, Any]
) -> None:
    assert copying(Workspace(root)) != copying(Workspace(root), **changed)
    assert copying.times == 2


def test_so_is_how_it_runs(copying: Copying, root: Path) -> None:
    """A graphics card computes in its own way, and what is timed is disturbed by others."""
    space = Workspace(root)
    ways: list[dict[str, bool]] = [{}, {"fresh": True}, {"gpu": True}, {"alone": True}]
    assert len({copying(space, **way) for way in ways}) == copying.times == 4


def test_what_imports_more_than_its_key_holds_is_not_kept(
    copying: Copying, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It serves this run, and the next one does it again."""
    monkeypatch.setattr(workspace, "modules", lambda *_: frozenset({"edgekit"}))
    space = Workspace(root)
    assert copying(space) == copying(space)
    assert copying.times == 1
    copying(Workspace(root))
    assert copying.times == 2


def test_so_is_edgekits_own_code(
    copying: Copying, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = copying(Workspace(root))
    monkeypatch.setattr(keys, "code_hash", lambda *_: "another version")
    assert copying(Workspace(root)) != first


def test_structures_reach_the_step(copying: Copying, root: Path) -> None:
    folder = copying(Workspace(root), options=steps.Options(bits=4))
    assert (folder / "bits").read_text() == "4"


def test_a_result_is_the_input_of_the_next_step(copying: Copying, root: Path) -> None:
    space = Workspace(root)
    copying.source = copying(space) / "copy"
    assert (copying(space) / "copy").read_text() == "1"


def test_a_folder_counts_with_names_and_contents(tmp_path: Path, root: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    seen = []
    for change in ("a", "b"):
        (folder / change).write_text("1")
        seen.append(Workspace(root).identity(folder))
    (folder / "b").write_text("2")
    seen.append(Workspace(root).identity(folder))
    assert all(one != other for k, one in enumerate(seen) for other in seen[:k])


def test_names_that_are_not_utf_8(copying: Copying, root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    copying.source = copying.source.rename(folder / os.fsdecode(b"\xff.png"))
    assert (copying(Workspace(root), options=None, also=[Workspace(root).identity(folder)])
            / "copy").read_text() == "1"  # fmt: skip


def test_without_reuse_a_step_is_done_once_a_run(copying: Copying, root: Path) -> None:
    copying(Workspace(root))
    again = Workspace(root, reuse=False)
    assert copying(again) == copying(again)
    assert copying.times == 2


def test_the_same_step_asked_for_at_once_is_done_once(copying: Copying, root: Path) -> None:
    space = Workspace(root)

    def slow(_: int) -> Path:
        return space.step(steps.slow, log=str(copying.log), seconds=0.1)

    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(slow, range(4)))
    assert len(folders) == copying.times == 1


def only_cached(root: Path) -> bool:
    """Whether nothing is in the work space."""
    return list(root.iterdir()) == []


def test_a_crash_is_an_error_of_the_step(root: Path) -> None:
    with pytest.raises(PassError, match=r"^steps: the process crashed \(SIGABRT\)$"):
        Workspace(root).step(steps.crash)
    assert only_cached(root)


def test_an_exit_is_an_error_with_the_last_line_of_the_log(root: Path) -> None:
    with pytest.raises(PassError, match=r"^steps: .* ended with code 7: library: fatal error 42$"):
        Workspace(root).step(steps.leave, code=7)
    assert only_cached(root)


def test_a_step_that_takes_more_than_it_may_is_ended(root: Path) -> None:
    space = Workspace(root)
    few = Limits(memory=1 << 29, seconds=60)
    with pytest.raises(PassError, match=r"^steps: out of memory \(536.9 MB may be taken\); close"):
        space.step(steps.take, limits=few, size=1 << 30)
    with pytest.raises(PassError, match=r"^steps: the process crashed \(SIGABRT\), as it may when"):
        space.step(steps.crash, limits=few)
    with pytest.raises(PassError, match=r"stopped after 1 s without progress; a loop in the file"):
        space.step(steps.work, limits=Limits(memory=None, seconds=1), seconds=60, told=100)
    assert only_cached(root)


@pytest.mark.long
def test_a_step_may_take_its_time_while_it_goes_on(root: Path) -> None:
    Workspace(root).step(steps.work, limits=Limits(None, 1), seconds=2, told=0.1)


@pytest.mark.parametrize("kind", ["InputError", "ModelError", "PassError", "EngineError"])
def test_an_error_of_edgekits_own_comes_back_with_its_type(root: Path, kind: str) -> None:
    with pytest.raises(EdgekitError, match=f"^refused: {kind}$") as caught:
        Workspace(root).step(steps.refuse, kind=kind)
    assert type(caught.value) is getattr(errors, kind)
    assert only_cached(root)


@pytest.mark.parametrize(
    ("kind", "message"),
    [("key", "steps: KeyError: 'gone'"), ("memory", "steps: out of memory"),
     ("lines", "steps: ValueError: one"), ("own", "steps: OSError: Unable to open file (bad")],
)  # fmt: skip
def test_other_errors_are_pass_errors_of_one_line(root: Path, kind: str, message: str) -> None:
    with pytest.raises(PassError) as caught:
        Workspace(root).step(steps.fail, kind=kind)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(root: Path) -> None:
    with pytest.raises(InputError, match="'/nonexistent/file'"):
        Workspace(root).step(steps.missing_file)


def test_a_failed_step_is_tried_again(copying: Copying, root: Path) -> None:
    space = Workspace(root)
    copying.source.unlink()
    with pytest.raises(InputError):
        copying(space)
    copying.source.write_text("1")
    assert (copying(space) / "copy").read_text() == "1"


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_stop_ends_what_runs(copying: Copying, root: Path) -> None:
    space, caught = Workspace(root), []

    def run() -> None:
        try:
            space.step(steps.slow, log=str(copying.log), seconds=60)
        except PassError as error:
            caught.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(lambda: copying.times == 1)
    space.stop()
    thread.join(10)
    assert len(caught) == 1
    assert "SIGKILL" in caught[0]
    assert only_cached(root)


LINGER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from edgekit.work.workspace import Workspace
from tests.work import steps

space = Workspace(Path(sys.argv[1], "work"))
with ThreadPoolExecutor(1) as pool:  # as candidates are made
    pool.submit(space.step, steps.linger, place=sys.argv[1]).result()
"""


def test_a_step_ends_with_the_process_that_asked_for_it(tmp_path: Path) -> None:
    """Killed, that one can end nothing itself; hours of converting would be for nobody."""
    with subprocess.Popen([sys.executable, "-c", LINGER, str(tmp_path)]) as parent:
        wait_for((tmp_path / "pid").exists)
        child = Path("/proc", (tmp_path / "pid").read_text())
        assert child.exists()
        parent.kill()
    wait_for(lambda: not child.exists() or "(zombie)" in (child / "status").read_text())


def test_after_a_stop_nothing_is_started(root: Path) -> None:
    space = Workspace(root)
    space.stop()
    with pytest.raises(PassError, match="SIGKILL"):
        space.step(steps.add, values=[], options=steps.Options())
    assert only_cached(root)


def test_modules_of_the_users_own_are_found(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_steps.py").write_text("def seven(output): return 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    own_steps = importlib.import_module("own_steps")
    assert Workspace(root).call(own_steps.seven) == 7


def test_a_full_disk_is_told_as_such(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(root.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    with pytest.raises(InputError, match=r"^disk full .*free some space"):
        Workspace(root).step(steps.fail, kind="key")


def test_call_returns_the_result_and_keeps_nothing(root: Path) -> None:
    space = Workspace(root)
    assert space.call(steps.add, values=[1, 2], options=steps.Options(bits=4)) == 7
    assert only_cached(root)


def test_old_steps_are_removed(root: Path) -> None:
    month, week = 24 * "a", 24 * "b"
    ages = {month: 31, week: 7}
    for name, days in ages.items():
        (root / name).mkdir(parents=True)
        os.utime(root / name, (time.time() - days * 86400,) * 2)
    Workspace(root)
    assert {path.name for path in root.iterdir()} == {week}


def test_what_killed_runs_left_goes_and_what_others_work_on_stays(root: Path) -> None:
    root.mkdir()
    with temporary(root, ".step-") as running:
        for name in (".step-killed12", ".call-killed12", ".gone-killed12", ".step-killed12.old"):
            (root / name).mkdir()
        Workspace(root)
        assert list(root.iterdir()) == [running]


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:1]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
    "changed": lambda path: path.write_bytes(path.read_bytes()[::-1]),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("file", ["copy", "files.json"])
def test_a_damaged_step_is_done_again(copying: Copying, root: Path, file: str, damage: str) -> None:
    copying.source.write_text("abc")
    folder = copying(Workspace(root))
    DAMAGE[damage](folder / file)
    assert (copying(Workspace(root)) / "copy").read_text() == "abc"
    assert copying.times == 2
    assert list(root.iterdir()) == [folder]
    copying(Workspace(root))
    assert copying.times == 2


def test_half_a_step_is_not_taken_for_a_whole_one(copying: Copying, root: Path) -> None:
    """As earlier versions left one, killed while they deleted it."""
    folder = copying(Workspace(root))
    for path in folder.iterdir():
        path.unlink()
    assert (copying(Workspace(root)) / "copy").read_text() == "1"


def test_a_step_that_is_done_again_is_never_missing(copying: Copying, root: Path) -> None:
    """Another process may be reading what --no-cache replaces."""
    folder = copying(Workspace(root))
    missing, done = 0, threading.Event()

    def look() -> None:
        nonlocal missing
        while not done.is_set():
            missing += not (folder / "copy").exists()

    thread = threading.Thread(target=look)
    thread.start()
    copying(Workspace(root, reuse=False))
    done.set()
    thread.join()
    assert missing == 0


def test_what_is_not_edgekits_stays_however_old(root: Path) -> None:
    for name in (".git", "photos", "abc123"):
        (root / name).mkdir(parents=True)
        os.utime(root / name, (0, 0))
    Workspace(root)
    assert {path.name for path in root.iterdir()} == {".git", "photos", "abc123"}


def test_a_step_that_is_used_stays_young(copying: Copying, root: Path) -> None:
    folder = copying(Workspace(root))
    space = Workspace(root)
    os.utime(folder, (0, 0))
    copying(space)
    assert time.time() - folder.stat().st_mtime < 60


def test_another_process_that_was_quicker_keeps_its_folder(
    copying: Copying, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = Workspace(root)
    run_child = Here.run

    def late(self: Here, *args: Any) -> None:
        if self is space._executor:
            other = copying(Workspace(root))
            (other / "in use").touch()
        run_child(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Here, "run", late)
        folder = copying(space)
    assert (folder / "in use").exists()
    assert copying.times == 2
    assert list(root.iterdir()) == [folder]

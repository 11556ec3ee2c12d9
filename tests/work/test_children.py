"""Steps are copies of a process that has its libraries loaded; each is as alone as a fresh one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgekit.errors import InputError, PassError
from edgekit.machine.limits import Limits
from edgekit.work import children
from edgekit.work.children import preloaded
from edgekit.work.workspace import Workspace
from tests.work import steps

RARE = "colorsys"  # a module that nothing imports by itself


@pytest.fixture(autouse=True)
def rare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that counts as slow to import."""
    monkeypatch.setattr(children, "SLOW", {RARE: (RARE,)})


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Workspace]:
    made = Workspace(tmp_path / "work")
    yield made
    made.stop()


def result(folder: Path) -> object:
    return json.loads((folder / "result.json").read_text())


def test_a_step_finds_its_libraries_loaded_and_leaves_nothing_behind(space: Workspace) -> None:
    for number in range(3):  # `also` makes it another step
        found = space.step(steps.loaded, needs=[RARE], also=number, module=RARE)
        assert result(found) is True
    assert result(space.step(steps.loaded, module=RARE)) is False, "others have not"


def test_copies_come_of_one_process(space: Workspace) -> None:
    told = [result(space.step(steps.numbers, needs=[RARE], also=k)) for k in range(3)]
    pids, parents = zip(*told, strict=True)  # type: ignore[call-overload]
    assert len(set(pids)) == 3
    assert len(set(parents)) == 1
    assert parents[0] != os.getpid()


def test_a_copy_fails_as_a_fresh_one_does(space: Workspace) -> None:
    with pytest.raises(PassError, match=r"^steps: the process crashed \(SIGABRT\)"):
        space.step(steps.crash, needs=[RARE])
    with pytest.raises(PassError, match="ended with code 7: library: fatal error 42"):
        space.step(steps.leave, needs=[RARE], code=7)
    with pytest.raises(InputError, match="refused: InputError"):
        space.step(steps.refuse, needs=[RARE], kind="InputError")
    with pytest.raises(PassError, match="out of memory"):
        space.step(steps.take, needs=[RARE], limits=Limits(1 << 30, 60), size=1 << 32)
    assert result(space.step(steps.loaded, needs=[RARE], module=RARE)) is True


def test_several_at_once(space: Workspace, tmp_path: Path) -> None:
    def slow(number: int) -> None:
        space.step(steps.slow, needs=[RARE], also=number, log=str(tmp_path / "log"), seconds=0.5)

    start = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(slow, range(6)))
    assert len((tmp_path / "log").read_text().split()) == 6
    assert time.monotonic() - start < 6 * 0.5


def wait_for(place: Path) -> int:
    for _ in range(500):
        if place.exists():
            return int(place.read_text())
        time.sleep(0.02)
    raise AssertionError(f"{place} never came")


def gone(pid: int) -> bool:
    status = Path("/proc", str(pid), "status")
    return not status.exists() or "(zombie)" in status.read_text()


def ends(pid: int) -> bool:
    for _ in range(500):
        if gone(pid):
            return True
        time.sleep(0.02)
    return False


def test_a_stop_ends_it(space: Workspace, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(space.step, steps.linger, needs=[RARE], place=str(tmp_path))
        pid = wait_for(tmp_path / "pid")
        space.stop()
        with pytest.raises(PassError, match="SIGKILL"):
            future.result(10)
    assert gone(pid), "before the folder that it writes to is removed"


def test_a_server_that_is_killed_takes_its_copies_with_it_and_is_replaced(
    space: Workspace, tmp_path: Path
) -> None:
    _, server = result(space.step(steps.numbers, needs=[RARE]))  # type: ignore[misc]
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(space.step, steps.linger, needs=[RARE], place=str(tmp_path))
        pid = wait_for(tmp_path / "pid")
        os.kill(server, signal.SIGKILL)
        with pytest.raises(PassError, match="SIGKILL"):
            future.result(10)
    assert ends(pid)
    assert result(space.step(steps.loaded, needs=[RARE], module=RARE)) is True


PARENT = """
import sys
from pathlib import Path
from edgekit.work import children
from edgekit.work.workspace import Workspace
from tests.work import steps

children.SLOW = {"colorsys": ("colorsys",)}
Workspace(Path(sys.argv[1], "work")).step(steps.linger, needs=["colorsys"], place=sys.argv[1])
"""


def test_all_end_with_the_process_that_asked(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)]) as parent:
        pid = wait_for(tmp_path / "pid")
        status = Path("/proc", str(pid), "status").read_text()
        server = int(status.split("PPid:")[1].split()[0])
        parent.kill()
    assert ends(pid)
    assert ends(server)


SLOW_IMPORT = PARENT.replace("colorsys", "slow_to_import").replace("place=sys.argv[1]", "place='.'")


def test_a_server_that_still_imports_ends_too(tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text(
        "import os, time\nfrom pathlib import Path\n"
        f"Path({str(tmp_path)!r}, 'new').write_text(str(os.getpid()))\n"
        f"Path({str(tmp_path)!r}, 'new').rename({str(tmp_path / 'pid')!r})\n"
        "time.sleep(60)\n"
    )
    env = os.environ | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    with subprocess.Popen([sys.executable, "-c", SLOW_IMPORT, str(tmp_path)], env=env) as parent:
        server = wait_for(tmp_path / "pid")
        parent.kill()
    assert ends(server)


def test_a_server_ends_with_its_work_space(tmp_path: Path) -> None:
    made = Workspace(tmp_path / "work")
    _, server = result(made.step(steps.numbers, needs=[RARE]))  # type: ignore[misc]
    del made
    assert ends(server)


def test_what_is_slow_to_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert preloaded(["tensorflow", "ai_edge_litert"]) == ("tensorflow", "keras")
    assert preloaded(["openvino", "nncf"]) == ("nncf", "openvino")
    assert preloaded(["openvino"]) == preloaded([]) == children.QUICK

"""A long step goes on where it was interrupted, however it was, and ends in the same."""

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgekit.errors import InputError, PassError
from edgekit.work import cache
from edgekit.work.children import Fresh
from edgekit.work.progress import Progress, Tell, report, watched
from edgekit.work.workspace import Workspace
from tests.work import steps

COUNT = 200
PROGRAM = """
import sys
from pathlib import Path
from edgekit.errors import InputError, PassError
from edgekit.work.workspace import Workspace
from tests.work import steps
root, log, count = sys.argv[1:]
space = Workspace(Path(root))
while True:
    try:
        print(space.step(steps.units, resumes=True, log=log, count=int(count)))
        break
    except PassError as error:
        print(error, file=sys.stderr, flush=True)
"""


def squares(count: int) -> str:
    return "".join(f"{number**2}\n" for number in range(count))


def begun(log: Path) -> list[tuple[int, int]]:
    """The units that were begun, and by which process."""
    lines = log.read_text().splitlines() if log.exists() else []
    whole = [line.split() for line in lines]
    return [(int(words[0]), int(words[1])) for words in whole if len(words) == 2]


def start(root: Path, log: Path) -> "subprocess.Popen[str]":
    """Does all units, again and again until they are done."""
    arguments = [str(root), str(log), str(COUNT)]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def child(process: "subprocess.Popen[str]", log: Path, units: int, gone: Container[int]) -> int:
    """The process that does the step, none of those before, when it has begun so many units."""
    while len(now := [each for _, each in begun(log) if each not in gone]) < units:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    return now[-1]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.long
def test_killed_ten_times_at_random_it_ends_in_the_same(tmp_path: Path) -> None:
    """By SIGKILL, the process that does it and the one that waits for it in turns."""
    root, log, chance = tmp_path / "work", tmp_path / "log", random.Random(0)
    process = start(root, log)
    killed: list[int] = []
    for turn in range(10):
        killed.append(child(process, log, chance.randint(1, 8), killed))
        time.sleep(chance.random() * 0.02)
        os.kill(process.pid if turn % 2 else killed[-1], signal.SIGKILL)
        if turn % 2:
            _, told = process.communicate()
            assert told.count("the process was killed (SIGKILL)") == told.count("\n") == 1
            assert process.returncode == -signal.SIGKILL
            process = start(root, log)
    output, error = process.communicate()
    assert process.returncode == 0, error
    folder = Path(output.strip())
    assert (folder / "squares").read_text() == squares(COUNT)
    times = Counter(number for number, _ in begun(log))
    assert set(times) == set(range(COUNT))
    assert sum(times.values()) - COUNT <= 10, "what was finished is not done again"
    assert [path.name for path in root.iterdir() if path.is_dir()] == [folder.name]
    undisturbed = Workspace(tmp_path / "other").step(
        steps.units, log=str(tmp_path / "new"), count=COUNT
    )
    assert files(folder) == files(undisturbed)


@pytest.mark.long
def test_interrupted_it_goes_on_the_next_time(tmp_path: Path) -> None:
    root, log = tmp_path / "work", tmp_path / "log"
    process = start(root, log)
    child(process, log, 20, ())
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == -signal.SIGINT
    folder = Workspace(root).step(steps.units, resumes=True, log=str(log), count=COUNT)
    assert (folder / "squares").read_text() == squares(COUNT)
    assert len(begun(log)) <= COUNT + 1


def test_a_failure_keeps_what_was_done(tmp_path: Path) -> None:
    space, log = Workspace(tmp_path / "work"), tmp_path / "log"
    asked = {"log": str(log), "count": 20, "fail_at": 12}
    with pytest.raises(PassError, match="unit 12 failed"):
        space.step(steps.units, resumes=True, **asked)
    folder = space.step(steps.units, resumes=True, **asked)
    assert (folder / "squares").read_text() == squares(20)
    assert [number for number, _ in begun(log)] == [*range(13), *range(12, 20)]
    assert not (folder / "error.json").exists()


def test_without_reuse_it_begins_anew(tmp_path: Path) -> None:
    root, log = tmp_path / "work", tmp_path / "log"
    asked = {"log": str(log), "count": 20, "fail_at": 12}
    with pytest.raises(PassError):
        Workspace(root).step(steps.units, resumes=True, **asked)
    Workspace(root, reuse=False).step(steps.units, resumes=True, **asked)
    assert [number for number, _ in begun(log)] == [*range(13), *range(20)]


def test_two_at_once_do_it_once(tmp_path: Path) -> None:
    """The second waits for the first, and finds it done."""
    root, log = tmp_path / "work", tmp_path / "log"
    spaces = [Workspace(root), Workspace(root)]
    with ThreadPoolExecutor(2) as pool:
        folders = set(pool.map(
            lambda space: space.step(steps.units, resumes=True, log=str(log), count=30), spaces
        ))  # fmt: skip
    assert len(folders) == 1
    assert len(begun(log)) == 30


def test_one_that_waits_for_another_process_can_be_stopped(tmp_path: Path) -> None:
    root, log = tmp_path / "work", tmp_path / "log"
    process = start(root, log)
    child(process, log, 1, ())
    space = Workspace(root)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(space.step, steps.units, resumes=True, log=str(log), count=COUNT)
        time.sleep(0.2)
        assert not second.done()
        space.stop()
        with pytest.raises(PassError, match="stopped, while another process did the same"):
            second.result(10)
    assert process.poll() is None
    process.kill()
    process.communicate()


@pytest.mark.parametrize("reuse", [True, False])
def test_it_waits_for_a_child_that_outlives_its_parent(tmp_path: Path, reuse: bool) -> None:
    """A killed process lets go of the folder a moment before its child ends, which may write."""
    root, log = tmp_path / "work", tmp_path / "log"
    asked = {"log": str(log), "count": 9, "fail_at": 5}
    with pytest.raises(PassError):
        Workspace(root).step(steps.units, resumes=True, **asked)
    job = next(root.glob(".resume-*/job.json"))
    space = Workspace(root, reuse=reuse)
    with ThreadPoolExecutor(1) as pool, job.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        again = pool.submit(space.step, steps.units, resumes=True, **asked)
        worker = Fresh(job)
        time.sleep(0.7)
        assert len(begun(log)) == 6
        assert job.with_name("squares").exists()
        fcntl.flock(held, fcntl.LOCK_UN)
        worker.kill()
        worker.wait()
        assert (again.result() / "squares").read_text() == squares(9)


def test_progress_is_told_with_the_time_left(tmp_path: Path) -> None:
    told: list[Progress] = []
    space = Workspace(tmp_path / "work")
    folder = space.step(
        steps.units, resumes=True, tell=told.append, log=str(tmp_path / "log"), count=100
    )
    assert told[-1].done == 1.0
    assert told[-1].what == "unit 100 of 100"
    shares = [each.done for each in told]
    assert shares == sorted(shares)
    assert len(told) > 2
    assert all(each.left is not None and each.left >= 0 for each in told[1:])
    assert not (folder / "progress.json").exists()


@pytest.mark.parametrize("tell", [None, print])
def test_nothing_of_what_is_told_stays(tmp_path: Path, tell: Tell | None) -> None:
    with watched(tmp_path, tell):
        report(tmp_path, 0.5, "half")
        (tmp_path / ".progress.json").touch()  # as one leaves it that is killed while it tells
    assert list(tmp_path.iterdir()) == []


def test_what_is_unfinished_is_told_and_cleared(tmp_path: Path) -> None:
    root = tmp_path / "work"
    space = Workspace(root)
    with pytest.raises(PassError):
        space.step(steps.units, resumes=True, log=str(tmp_path / "log"), count=9, fail_at=5)
    told = cache.usage(root)
    assert (told.steps, told.unfinished) == (1, 1)
    Workspace(root, most=0)
    with pytest.raises(InputError, match="in use by a conversion"):
        cache.clear(root)
    assert cache.usage(root).steps == 1, "it is not taken from a conversion that runs"
    del space
    Workspace(root)
    assert cache.usage(root).steps == 1, "the next run finds it"
    assert cache.clear(root).steps == 1
    assert list(root.iterdir()) == []


def test_the_oldest_go_first_unfinished_or_not(tmp_path: Path) -> None:
    ages = {f".resume-{'a' * 24}": 9, "b" * 24: 5, f".resume-{'c' * 24}": 1}
    for name, days in ages.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x" * 1000)
        os.utime(tmp_path / name, (time.time() - days * 86400,) * 2)
    Workspace(tmp_path, most=2500)
    assert files(tmp_path) & ages.keys() == {"b" * 24, f".resume-{'c' * 24}"}

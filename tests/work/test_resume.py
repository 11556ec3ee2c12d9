"""A long step goes on where it was interrupted, however it was, and ends in the same."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgekit.errors import PassError
from edgekit.work import cache
from edgekit.work.progress import Progress
from edgekit.work.workspace import Workspace
from tests.work import steps

COUNT = 200
PROGRAM = """
import sys
from pathlib import Path
from edgekit.work.workspace import Workspace
from tests.work import steps
root, log, count = sys.argv[1:]
print(Workspace(Path(root)).step(steps.units, resumes=True, log=log, count=int(count)))
"""


def squares(count: int) -> str:
    return "".join(f"{number**2}\n" for number in range(count))


def begun(log: Path) -> list[tuple[int, int]]:
    """The units that were begun, and by which process."""
    lines = log.read_text().splitlines() if log.exists() else []
    whole = [line.split() for line in lines]
    return [(int(words[0]), int(words[1])) for words in whole if len(words) == 2]


def start(root: Path, log: Path) -> "subprocess.Popen[str]":
    arguments = [str(root), str(log), str(COUNT)]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def test_killed_ten_times_at_random_it_ends_in_the_same(tmp_path: Path) -> None:
    """By SIGKILL, the process that does it and the one that waits for it in turns."""
    root, log, chance = tmp_path / "work", tmp_path / "log", random.Random(0)
    for turn in range(10):
        process = start(root, log)
        enough = len(begun(log)) + chance.randint(1, 8)
        while len(begun(log)) < enough:
            assert process.poll() is None, process.communicate()
            time.sleep(0.005)
        time.sleep(chance.random() * 0.02)
        os.kill(process.pid if turn % 2 else begun(log)[-1][1], signal.SIGKILL)
        told = process.communicate()
        assert process.returncode != 0, told
    process = start(root, log)
    output, error = process.communicate()
    assert process.returncode == 0, error
    folder = Path(output.strip())
    assert (folder / "squares").read_text() == squares(COUNT)
    times = Counter(number for number, _ in begun(log))
    assert set(times) == set(range(COUNT))
    assert sum(times.values()) - COUNT <= 10, "what was finished is not done again"
    assert [path.name for path in root.iterdir() if path.is_dir()] == [folder.name]


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


def test_what_is_unfinished_is_told_and_cleared(tmp_path: Path) -> None:
    root = tmp_path / "work"
    space = Workspace(root)
    with pytest.raises(PassError):
        space.step(steps.units, resumes=True, log=str(tmp_path / "log"), count=9, fail_at=5)
    assert cache.usage(root).steps == 1
    del space  # a conversion that runs keeps it
    Workspace(root)
    assert cache.usage(root).steps == 1, "the next run finds it"
    assert cache.clear(root).steps == 1
    assert list(root.iterdir()) == []

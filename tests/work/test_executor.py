"""What runs a job is apart from what keeps its result."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from edgekit.errors import PassError
from edgekit.work.executor import Job
from edgekit.work.worker import main
from edgekit.work.workspace import Workspace
from tests.work import steps


class Inside:
    """Runs jobs in this very process, as one may that reaches another machine."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def run(self, job: Job, output: Path) -> None:
        self.titles.append(job.title)
        if main(job.write(output), os.getppid()):
            raise PassError(json.loads((output / "error.json").read_text())["message"])

    def stop(self) -> None:
        """Nothing runs."""


def result(folder: Path) -> object:
    return msgspec.json.decode((folder / "result.json").read_bytes())


def test_a_work_space_keeps_what_any_executor_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgekit.work.worker.end_with", lambda parent: None)
    inside = Inside()
    space = Workspace(tmp_path / "work", executor=inside)
    asked = {"values": [1, 2], "options": steps.Options(bits=4)}
    folder = space.step(steps.add, **asked)
    assert result(folder) == 7
    assert space.step(steps.add, **asked) == folder
    assert space.call(steps.add, **asked) == 7
    assert inside.titles == ["steps", "steps"]
    with pytest.raises(PassError, match="refused: PassError"):
        space.step(steps.refuse, kind="PassError")


def test_graphics_cards_are_hidden_but_from_steps_that_need_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    space = Workspace(tmp_path / "work")
    assert result(space.step(steps.cards)) == "-1"
    assert result(space.step(steps.cards, fresh=True, also=1)) == "-1"
    assert result(space.step(steps.cards, gpu=True, also=2)) == "3"


def test_a_step_that_runs_alone(tmp_path: Path) -> None:
    """Others run side by side."""
    space, place = Workspace(tmp_path / "work"), tmp_path / "place"
    place.mkdir()

    def run(name: str) -> object:
        alone = name == "alone"
        return result(space.step(steps.overlap, alone=alone, place=str(place), name=name))

    names = ["a", "b", "alone", "c", "d"]
    with ThreadPoolExecutor(5) as pool:
        seen = dict(zip(names, pool.map(run, names), strict=True))
    assert seen.pop("alone") == 0
    assert max(int(str(each)) for each in seen.values()) >= 1

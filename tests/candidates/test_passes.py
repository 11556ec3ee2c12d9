"""Passes that need nothing of the original's run are done beside it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, cast

import pytest

from edgekit.candidates.passes import begun
from edgekit.errors import InputError, PassError
from edgekit.plan.steps import Step, chain, step_of
from edgekit.sources import Trust
from edgekit.work.workspace import Workspace


class Steps:
    """A work space that notes what it is asked for, and whether it was stopped."""

    def __init__(self, refused: str = "") -> None:
        self.asked: list[str] = []
        self.refused, self.stopped = refused, False

    def step(self, function: Any, name: str, source: Path, **more: Any) -> Path:
        self.asked.append(name)
        if name == self.refused:
            raise PassError(f"{name} failed")
        return source / name

    def stop(self) -> None:
        self.stopped = True


FLOAT = chain([], "litert", "float32")
STATIC = (*FLOAT, step_of("quantize", "litert", {"rules": [{"mode": "static"}]}))


def run(steps: Steps, chains: list[tuple[Step, ...]], tmp_path: Path) -> Any:
    return begun(cast("Workspace", steps), chains, tmp_path, Trust())


def wait_for(steps: Steps, count: int) -> None:
    """Until so many steps were asked for."""
    end = time.monotonic() + 10
    while len(steps.asked) < count and time.monotonic() < end:
        time.sleep(0.001)


def test_all_but_what_is_calibrated_on_that_run(tmp_path: Path) -> None:
    steps = Steps()
    with run(steps, [FLOAT, STATIC], tmp_path):
        wait_for(steps, 4)
    assert steps.asked == ["export", "lower"] * 2
    assert not steps.stopped


def test_what_fails_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    steps = Steps(refused="export")
    with run(steps, [FLOAT, FLOAT], tmp_path):
        wait_for(steps, 2)
    assert steps.asked == ["export", "export"]


def test_where_the_original_fails_nothing_goes_on(tmp_path: Path) -> None:
    steps = Steps()
    with pytest.raises(InputError), run(steps, [FLOAT], tmp_path):
        raise InputError("it holds NaN")
    assert steps.stopped

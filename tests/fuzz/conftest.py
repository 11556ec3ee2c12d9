"""Shows how many inputs were tried, and where: nothing may be written outside of `place`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .harness import refused, tried


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the inputs, in another that is home and current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "inner" / "place").mkdir(parents=True)
    return tmp_path / "inner" / "place"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures of a run, by kind."""
    if tried:
        terminalreporter.section("inputs tried")
        for kind, count in sorted(tried.items()):
            terminalreporter.write_line(f"{kind:14} {count:7} tried {refused[kind]:7} refused")
        terminalreporter.write_line(f"{'in all':14} {sum(tried.values()):7}")

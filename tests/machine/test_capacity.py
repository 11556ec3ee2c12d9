"""Before a conversion starts: does it fit into memory and onto the disk?"""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from edgekit.errors import InputError
from edgekit.machine import capacity

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model file that claims 8 GB and takes none."""
    path = tmp_path / "net.keras"
    with path.open("wb") as file:
        file.truncate(8 << 30)
    return path


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the machine has free; the test may change it."""
    free = {"memory": 64 << 30, "disk": 500 << 30}
    monkeypatch.setattr(capacity, "available_memory", lambda: free["memory"])
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(0, 0, free["disk"]))
    return free


def test_what_clearly_does_not_fit_is_refused(
    model: Path, machine: dict[str, int], tmp_path: Path
) -> None:
    capacity.check([model], tmp_path / "cache", tmp_path / "out" / "deep")
    machine["memory"] = 12 << 30
    with pytest.raises(InputError, match=r"at least 17.18 GB of memory, 12.88 GB is free"):
        capacity.check([model], tmp_path / "cache", tmp_path)
    machine.update(memory=64 << 30, disk=3 << 30)
    with pytest.raises(InputError, match=r"cache', where 3.221 GB are free; .* --cache-dir"):
        capacity.check([model], tmp_path / "cache", tmp_path)


def test_folders_count_with_all_that_is_in_them(
    machine: dict[str, int], tmp_path: Path, model: Path
) -> None:
    machine["memory"] = 12 << 30
    with pytest.raises(InputError, match="memory"):
        capacity.check([model.parent], tmp_path / "cache", tmp_path)


def test_what_may_not_fit_is_remarked(machine: dict[str, int], tmp_path: Path) -> None:
    assert capacity.tight(68_000_000, 2, 9, tmp_path) == []
    machine["memory"] = 3 << 30
    (told,) = capacity.tight(68_000_000, 2, 9, tmp_path)
    assert told.startswith("memory is tight: up to 5.208 GB may be needed, 3.221 GB is free")
    machine["disk"] = 1 << 30
    assert len(capacity.tight(68_000_000, 2, 9, tmp_path)) == 2
    assert capacity.tight(1_000_000, 2, 9, tmp_path) == []

"""How much memory there is: of the machine, and within a container."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.errors import InputError
from edgekit.machine import memory
from edgekit.machine.memory import GROUPS, Group, available_memory, check_memory

FREE = 5000 * 1024


@pytest.fixture
def info(tmp_path: Path) -> Path:
    path = tmp_path / "meminfo"
    path.write_text("MemTotal: 9000 kB\nMemAvailable:    4000 kB\nSwapFree:   1000 kB\n")
    return path


@pytest.fixture(params=GROUPS, ids=["v2", "v1"])
def group(request: pytest.FixtureRequest, tmp_path: Path) -> Group:
    """A container that has used 1,000,000 of 3,000,000 bytes."""
    made: Group = request.param._replace(folder=tmp_path)
    (tmp_path / made.limit).write_text("3000000\n")
    (tmp_path / made.used).write_text("1000000\n")
    return made


def test_what_is_free_and_what_can_be_swapped_counts(info: Path, tmp_path: Path) -> None:
    assert available_memory(info, ()) == FREE
    assert available_memory(tmp_path / "none", ()) is None


def test_a_container_may_have_less_than_the_machine(info: Path, group: Group) -> None:
    assert available_memory(info, [group]) == 2_000_000
    (group.folder / group.limit).write_text("max\n")
    assert available_memory(info, [group]) == FREE


def test_files_that_a_container_has_read_are_no_memory_that_is_used(
    info: Path, group: Group
) -> None:
    stat = "anon 1\ninactive_file 600000\ntotal_inactive_file 600000\nactive_file 7\n"
    (group.folder / "memory.stat").write_text(stat)
    assert available_memory(info, [group]) == 2_600_000


def test_a_read_of_more_than_a_container_may_have_is_refused(
    info: Path, group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: available_memory(info, [group]))
    check_memory(2_000_000, "the arrays")
    with pytest.raises(InputError, match="the arrays take"):
        check_memory(2_000_001, "the arrays")

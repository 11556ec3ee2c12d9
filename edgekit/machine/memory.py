"""How much memory is to be had, and whether it will do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from edgekit.errors import InputError


class Group(NamedTuple):
    """Where a container's limit stands: a folder, and the names of what is in it."""

    folder: Path
    limit: str
    used: str
    cached: str  # the line of memory.stat that tells what is used, and given back when needed


GROUPS = (
    Group(Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    Group(
        Path("/sys/fs/cgroup/memory"),
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def check_memory(size: int, what: str) -> None:
    """Raise InputError when so many bytes are not there."""
    free = available_memory()
    if free is not None and size > free:
        raise InputError(f"{what} take {size / 1e9:.1f} GB, {free / 1e9:.1f} GB are free")


def available_memory(
    meminfo: Path = Path("/proc/meminfo"), groups: Sequence[Group] = GROUPS
) -> int | None:
    """Bytes to be had: free or swappable, within the limit of a container; None where unknown."""
    try:
        pairs = (line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        there = {key: int(value.split()[0]) * 1024 for key, value in pairs}
        free = [there["MemAvailable"] + there.get("SwapFree", 0)]
    except (OSError, KeyError, ValueError, IndexError):
        return None
    for group in groups:
        try:
            free.append(left(group))
        except (OSError, ValueError):  # no such group, or "max"
            continue
    return min(free)


def left(group: Group) -> int:
    """Bytes that a container's limit leaves.

    Files that were read stay in its memory until it is needed: they count as used, and are not.
    """
    limit = int((group.folder / group.limit).read_text())
    used = int((group.folder / group.used).read_text())
    try:
        lines = (group.folder / "memory.stat").read_text().splitlines()
    except OSError:
        lines = []
    cached = sum(int(line.split()[1]) for line in lines if line.split()[:1] == [group.cached])
    return max(limit - max(used - cached, 0), 0)

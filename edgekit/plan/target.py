"""What a device can do, as a TOML file in `targets/`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from edgekit import plugin
from edgekit.errors import InputError, did_you_mean
from edgekit.typed import Typed, read_toml


class Target(Typed, frozen=True):
    """A device: its engine, what it is allowed to run, and how much.

    `precisions` are the recipes that make sense there, in the order they are tried by `auto`.
    `threads` is what the device runs a net with; `memory_mb` what a net may use; `architecture`
    its processors, as `uname -m` names them (empty: any); `verified` how the target was tried:
    "device", "emulated" or "host" (same engine on the workstation).
    """

    description: str
    engine: str
    precisions: tuple[str, ...]
    threads: int = 1
    memory_mb: int = 1024
    architecture: tuple[str, ...] = ()
    verified: Literal["device", "emulated", "host"] = "host"


def folder() -> Path:
    """Where the targets are."""
    return Path(__file__).parents[1] / "_targets"


def names() -> list[str]:
    """Every built-in target."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def find(name: str) -> Path:
    """The file of a target, by name or path; raises InputError with the nearest name."""
    if name.endswith(".toml"):
        return Path(name)
    if name not in names():
        raise InputError(f"unknown target '{name}'; {did_you_mean(name, names())}")
    return folder() / f"{name}.toml"


def load(name: str) -> Target:
    """A built-in target by name, or a TOML file by path."""
    found = read_toml(find(name), Target, "target")
    engines = plugin.names("engines")
    if found.engine not in engines:
        unknown = f"target '{name}': unknown engine '{found.engine}'"
        raise InputError(f"{unknown}; {did_you_mean(found.engine, engines)}")
    return found

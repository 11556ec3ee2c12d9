"""What people own, as a TOML file in `targets/`: a device, and what runs there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from edgekit import plugin
from edgekit.device import MOST_THREADS, Device
from edgekit.engines import check_device
from edgekit.errors import EngineError, InputError, did_you_mean
from edgekit.plan import recipe as recipes_file
from edgekit.typed import Typed, read_toml

# How a target was tried, the most telling first: its artifacts ran on such a device; on its
# processor, emulated; its vendor's compiler took them; so did a list of what it can run; or nothing
# of all that: the same engine ran them on the workstation.
Verified = Literal["run", "emulated", "compiled", "linted", "unverified"]


class Limits(Typed, frozen=True):
    """What a target allows a net: `memory_mb` megabytes above the bare engine."""

    memory_mb: int = 1024


class Target(Typed, frozen=True):
    """A product: the engines that it runs, on which device, what makes sense there, how much.

    `engines` are all tried, and the best measured artifact is kept. `recipes` are those that make
    sense there, in the order they are tried by `auto`. `architecture` is its processors, as
    `uname -m` names them (empty: any). `install` is the command that makes the device ready, where
    `{engine}` stands for the engine of the bundle.
    """

    description: str
    engines: tuple[str, ...]
    recipes: tuple[str, ...]
    device: Device = Device()
    limits: Limits = Limits()
    architecture: tuple[str, ...] = ()
    install: str = "pip install 'edgekit[{engine}]'"
    verified: Verified = "unverified"

    def only(self, engines: Sequence[str]) -> Target:
        """The same target with none but these engines; all that it has without any.

        Raises:
            InputError: it has none of them.
        """
        kept = tuple(engine for engine in self.engines if not engines or engine in engines)
        if not kept:
            has = ", ".join(self.engines)
            raise InputError(f"it runs {has}, not {', '.join(engines)} (--engine)")
        return msgspec.structs.replace(self, engines=kept)


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


def load(name: str, engines: Sequence[str] = ()) -> Target:
    """A built-in target by name, or a TOML file by path, with all or some of its engines.

    Raises:
        InputError: no target, or one that no engine runs as it says.
    """
    found = read_toml(find(name), Target, "target")
    known = plugin.names("engines")
    if not found.engines:
        raise InputError(f"target '{name}': engines is empty; give one of {', '.join(known)}")
    for engine in (*found.engines, *engines):
        if engine not in known:
            where = f"target '{name}'" if engine in found.engines else "--engine"
            raise InputError(f"{where}: unknown engine '{engine}'; {did_you_mean(engine, known)}")
    for recipe in found.recipes:
        with said_of(name):
            recipes_file.find(recipe)
    if not 1 <= found.device.threads <= MOST_THREADS:
        told = f"device.threads is {found.device.threads}; give 1 to {MOST_THREADS}"
        raise InputError(f"target '{name}': {told}")
    with said_of(name):
        for engine in found.engines:
            check_device(engine, found.device)
        kept = found.only(engines)
        if kept.device.options and len(kept.engines) > 1:
            raise InputError("device.options are settings of one engine, and it has several")
    return kept


@contextmanager
def said_of(name: str) -> Iterator[None]:
    """Errors of the block tell which target they are about."""
    try:
        yield
    except (EngineError, InputError) as error:
        raise InputError(f"target '{name}': {error}") from None

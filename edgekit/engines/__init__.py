"""Engines: one folder for each, with all that concerns it.

What an engine has, the first two wherever it runs, the others where models are converted:

- `__init__`: light; the docstring says what it reads;
- `runtime`: `FORMATS`, the file formats that it reads, each with its suffix, and `files(path)`, all
  files of an artifact, those beside it too; `DEVICES`, the kinds of `Device` that it runs on;
  `MODULES`, any of which runs it, and `check_installed()`; `warm()` imports it, so that its own
  size and start are not counted as an artifact's; `describe(path) -> Signature`, what an artifact
  tells of itself; `load(path, signature, device, entry="") -> Call` on arrays of the signature's
  shapes and dtypes, `entry` its name in a file that holds several; what a call returns is the
  caller's own, and two threads never run one call at a time;
- `passes/`: from Model to Model, as those of `edgekit.passes`, typed without the engine's name in a
  recipe's `[[engine]]`. Those whose `TAKES` and `GIVES` differ are inserted where a recipe leaves
  them out; `rewrite` is tried beside every graph as it is, `compact` ends every artifact;
- `rewrites/`: one file a rewrite, and `read_rewrites(path)`, what `rewrite` noted in an artifact;
- `coverage`: `executed(path)`, every op as `Work`, and why some were left to slower kernels;
- `inspect`: `facts(path)`, all that is in an artifact, and `tables(path)`, what a bundle shows;
- `precision`: the bits of single layers, for recipe `mixed` (see below);
- `space`: what `edgekit tune` may choose from (_space.py).

An engine without `rewrites`, `precision` or `space` does without mixed precision or tune.

`precision` has `layers(path)`, the layers with weights, `PRECISIONS`, those that it has beside
float, `USUAL`, those that are tried where a recipe names none, `REWRITES`, the passes that come
first, and `passes(assignment)`, those that make one:

| name | weights | activations on LiteRT | on OpenVINO |
|---|---|---|---|
| w8 | 8 bits, a scale for each channel | float | float |
| w8a8 | 8 bits | 8 bits, ranges at run time | 8 bits, calibrated |
| 16x8 | 8 bits | 16 bits, calibrated | - |
| w4 | 4 bits, a scale for each channel | 8 bits, at run time | float; other layers than dense: w8 |
| w4b32, w2b32 | 4 or 2 bits, a scale for 32, dense layers | 8 bits, at run time | - |
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgekit import plugin
from edgekit.device import Device
from edgekit.errors import EngineError
from edgekit.model import Model
from edgekit.typed import Typed

Rows = list[dict[str, Any]]


class Work(Typed, frozen=True):
    """One op: its multiply-adds, and whether the fast path took it."""

    multiply_adds: int
    fast: bool


class Coverage(Typed, frozen=True):
    """How much of an artifact its engine's fast path took.

    Shares (0…1) of the ops and of the multiply-adds, and a line for each kind of op that fell out.
    """

    ops: float
    multiply_adds: float
    fallbacks: tuple[str, ...]

    @classmethod
    def of(cls, work: Iterable[Work], reasons: Iterable[str]) -> Coverage:
        """What became of some ops."""
        ops = list(work)
        total = sum(op.multiply_adds for op in ops)
        taken = sum(op.multiply_adds for op in ops if op.fast)
        return cls(
            ops=sum(op.fast for op in ops) / len(ops) if ops else 1.0,
            multiply_adds=taken / total if total else 1.0,
            fallbacks=tuple(dict.fromkeys(reasons)),
        )


class Facts(Typed, frozen=True):
    """A summary by name, and tables by title: sizes in bytes, shapes as numbers."""

    summary: dict[str, Any]
    tables: dict[str, Rows]


def rewrite_rows(noted: Rows) -> Rows:
    """The rewrites that a file notes, with ops before and after as text."""
    return [
        row | {side: ", ".join(f"{count} {kind}" for kind, count in row[side].items())
               for side in ("before", "after")}
        for row in noted
    ]  # fmt: skip


def installed(engine: str) -> dict[str, str]:
    """The package that runs an engine here, with its version; empty where none is installed."""
    from importlib.metadata import PackageNotFoundError, version

    for module in runtime(engine).MODULES:
        package = module.replace("_", "-")
        try:
            return {package: version(package)}
        except PackageNotFoundError:
            continue
    return {}


def check_device(engine: str, device: Device) -> None:
    """Check that an engine runs on a device of this kind.

    Raises:
        EngineError: with the kinds that it has.
    """
    known = runtime(engine).DEVICES
    if device.kind not in known:
        raise EngineError(f"engine '{engine}' has no device '{device.kind}'; "
                          f"it runs on: {', '.join(known)}")  # fmt: skip


def runtime(engine: str) -> Any:
    """The module that runs an engine's artifacts."""
    return plugin.part(engine, "runtime")


def coverage(folder: Path, model: Model, engine: str) -> Coverage:
    """What the engine does with every signature of a model."""
    executed = plugin.part(engine, "coverage").executed
    told = [executed(folder / file) for file in model.files.values()]
    return Coverage.of(
        (op for work, _ in told for op in work), (line for _, lines in told for line in lines)
    )

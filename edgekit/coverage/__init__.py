"""Which ops of an artifact its engine's fast path took, and which fell out: one file an engine.

Each has `executed(path)`, which gives every op as `Work`, and why some were left.
"""

from __future__ import annotations

from pathlib import Path

from edgekit import plugin
from edgekit.model import Model
from edgekit.typed import Typed


class Coverage(Typed, frozen=True):
    """How much of an artifact its engine's fast path took.

    Shares (0…1) of the ops and of the multiply-adds, and a line for each kind of op that fell out.
    """

    ops: float
    multiply_adds: float
    fallbacks: tuple[str, ...]


class Work(Typed, frozen=True):
    """One op: its multiply-adds, and whether the fast path took it."""

    multiply_adds: int
    fast: bool


def coverage(folder: Path, model: Model, engine: str) -> Coverage:
    """What the engine does with every signature of a model."""
    executed = plugin.load("coverage", engine).executed
    work: list[Work] = []
    lines: list[str] = []
    for file in model.files.values():
        ops, reasons = executed(folder / file)
        work += ops
        lines += [reason for reason in reasons if reason not in lines]
    total = sum(op.multiply_adds for op in work)
    taken = sum(op.multiply_adds for op in work if op.fast)
    return Coverage(
        ops=sum(op.fast for op in work) / len(work) if work else 1.0,
        multiply_adds=taken / total if total else 1.0,
        fallbacks=tuple(lines),
    )

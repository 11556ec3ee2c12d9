"""What the reference engine does fast: everything in integers."""

from __future__ import annotations

from pathlib import Path

from edgekit.engines import Work
from tests.reference.net import load


def executed(path: Path) -> tuple[list[Work], list[str]]:
    """Every layer; the fast path is that of integers."""
    kernels = load(path).kernels
    slow = sum(kernel.dtype.kind == "f" for kernel in kernels)
    work = [Work(multiply_adds=k.size, fast=k.dtype.kind == "i") for k in kernels]
    return work, [f"{slow} × LAYER: computes in float"] if slow < len(kernels) and slow else []

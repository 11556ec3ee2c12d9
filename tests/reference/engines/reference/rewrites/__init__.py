"""Exact rewrites of the reference engine."""

from __future__ import annotations

from pathlib import Path

from edgekit.engines import Rows
from tests.reference.net import load


def read_rewrites(path: Path) -> Rows:
    """What was noted in an artifact."""
    return list(load(path).design.rewrites)

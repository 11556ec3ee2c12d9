"""Artifacts: which engine a file is for, and what a model folder has for its engine."""

from __future__ import annotations

from pathlib import Path

from edgekit import plugin
from edgekit.model import Model


def engine_of(path: Path) -> str | None:
    """The engine whose artifacts have this suffix."""
    names = plugin.names("runtime.engines")
    return next((n for n in names if path.suffix == plugin.load("runtime.engines", n).SUFFIX), None)


def artifacts(folder: Path, model: Model) -> list[Path]:
    """Every file that the engine of a model loads."""
    engine = plugin.load("runtime.engines", model.kind)
    files = dict.fromkeys(model.files.values())  # several signatures may share one
    return [path for file in files for path in engine.files(folder / file)]


def artifact_size(folder: Path) -> int:
    """Bytes of the artifacts in a model folder."""
    return sum(path.stat().st_size for path in artifacts(folder, Model.load(folder)))

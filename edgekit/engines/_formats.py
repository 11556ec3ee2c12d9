"""Which engine reads a format: what looks at all of them, apart from what concerns one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgekit import plugin
from edgekit.errors import EngineError
from edgekit.model import Model


def engine_of(path: Path) -> str | None:
    """The first engine whose artifacts have this suffix."""
    for name, runtime in plugin.part_of_each("runtime"):
        if path.suffix in runtime.FORMATS.values():
            return name
    return None


def reader_of(kind: str) -> Any:
    """The runtime of the first engine that reads a format; all that read it agree on its files.

    Raises:
        EngineError: none does.
    """
    for _, runtime in plugin.part_of_each("runtime"):
        if kind in runtime.FORMATS:
            return runtime
    raise EngineError(f"no engine reads '{kind}'")


def artifacts(
    folder: Path, model: Model, there: Callable[[Path], bool] = Path.is_file
) -> list[Path]:
    """Every file that an engine loads of a model, of those that are there."""
    reader = reader_of(model.kind)
    files = dict.fromkeys(model.files.values())  # several signatures may share one
    return [path for file in files for path in reader.files(folder / file, there)]


def artifact_size(folder: Path) -> int:
    """Bytes of the artifacts in a model folder."""
    return sum(path.stat().st_size for path in artifacts(folder, Model.load(folder)))

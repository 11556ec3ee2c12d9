"""A step of the work space: the files of an artifact as a bundle stores them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edgekit.engines._formats import artifacts
from edgekit.files.packing import ENCODING, packed
from edgekit.model import Model


def pack(output: Path, artifact: Path) -> dict[str, int]:
    """Write those that are worth it packed; the size of each as it is stored, by its name."""
    sizes = {}
    for path in artifacts(artifact, Model.load(artifact)):
        content = path.read_bytes()
        small = packed(content)
        if small is not None:
            (output / f"{path.name}.{ENCODING}").write_bytes(small)
        sizes[path.name] = len(content if small is None else small)
    return sizes


def stored_sizes(step: Path) -> dict[str, int]:
    """What the step told: the size of each file as it is stored."""
    return msgspec.json.decode((step / "result.json").read_bytes(), type=dict[str, int])

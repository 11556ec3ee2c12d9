"""A step of the work space: the files of an artifact as a bundle stores them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edgekit.files.packing import ENCODING, packed


def pack(output: Path, folder: Path, names: list[str]) -> dict[str, int]:
    """Write those files of a folder that are worth it packed; the size of each as it is stored."""
    sizes = {}
    for name in names:
        content = (folder / name).read_bytes()
        small = packed(content)
        if small is not None:
            (output / f"{name}.{ENCODING}").write_bytes(small)
        sizes[name] = len(content if small is None else small)
    return sizes


def stored_sizes(step: Path) -> dict[str, int]:
    """What the step told: the size of each file as it is stored."""
    return msgspec.json.decode((step / "result.json").read_bytes(), type=dict[str, int])

"""A feature net as an engine's artifact, called without a description of its signature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgekit import plugin
from edgekit.device import Device
from edgekit.engines._formats import engine_of
from edgekit.errors import InputError

Array = NDArray[Any]


def load_net(path: Path) -> tuple[Callable[[Array], Array], tuple[int, ...]]:
    """The net as a function of one row, and its input shape (batch 1)."""
    engine = plugin.part(str(engine_of(path)), "runtime")
    engine.check_installed()
    signature = engine.describe(path)
    if len(signature.inputs) != 1:
        raise InputError(f"--features '{path}' has {len(signature.inputs)} inputs, expected one")
    call = engine.load(path, signature, Device())
    shape = tuple(int(size or 1) for size in signature.inputs[0].shape)
    return (lambda row: call([row.astype(signature.inputs[0].dtype)])[0]), shape

"""Named arrays in .npz files, without pickled objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def read(path: Path) -> Arrays:
    """The arrays of a file."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def write(path: Path, arrays: Mapping[str, NDArray[Any]], *, compress: bool = False) -> None:
    """Write arrays by name; a name may hold slashes."""
    save = np.savez_compressed if compress else np.savez
    save(path, **arrays)  # type: ignore[arg-type]

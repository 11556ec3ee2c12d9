"""Whether memory and disk will do for a conversion, before it starts.

The model of what it takes is linear in the bytes of the weights in float32, and measured:
docs/architecture.md says how.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from edgekit.errors import InputError
from edgekit.machine.memory import available_memory
from edgekit.units import size_text

STEP = 700_000_000  # bytes that a step takes for any net: the libraries themselves
COPIES = 7  # of the weights, in the memory of the hungriest step: a lowering by TensorFlow
LOADING = 2  # of the file, in memory to load it at all
KEPT = 4  # of the weights, on disk for any conversion: described, exported, lowered, compacted


def check(files: Iterable[Path], cache: Path, output: Path) -> None:
    """Refuse what clearly cannot succeed: a net that does not even fit in.

    Raises:
        InputError: with what is there and what it takes at least.
    """
    size = sum(map(weight, files))
    memory, least = available_memory(), LOADING * size
    if memory is not None and least > memory:
        raise InputError(
            f"the model takes at least {size_text(least)} of memory, {size_text(memory)} is free; "
            "close other programs, or convert it on a larger machine"
        )
    # Files may hold the state of an optimizer, twice the weights; bundles are of one copy at most.
    for place, copies, option in ((cache, KEPT, "--cache-dir"), (output, 1, "--output")):
        least, free = copies * size // 3, free_disk(place)
        if least > free:
            raise InputError(
                f"the conversion writes at least {size_text(least)} to '{place}', where "
                f"{size_text(free)} are free; free some space, or use another {option}"
            )


def tight(parameters: int, jobs: int, candidates: int, cache: Path) -> list[str]:
    """A remark for each of memory and disk that is likely to run out."""
    weights = 4 * parameters
    needed = {
        "memory": jobs * (STEP + COPIES * weights),
        f"disk at '{cache}'": (KEPT + candidates) * weights,
    }
    there = dict(zip(needed, (available_memory(), free_disk(cache)), strict=True))
    return [
        f"{what} is tight: up to {size_text(need)} may be needed, {size_text(free)} is free"
        for what, need in needed.items()
        if (free := there[what]) is not None and need > free
    ]


def weight(path: Path) -> int:
    """Bytes of a file, or of all in a folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def free_disk(place: Path) -> int:
    """Bytes free where a folder is, or will be."""
    place = place.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free

"""Values as tensors take them: in the range of a sample, whole and saturated in integer types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data.images import from_uint8
from edgekit.errors import InputError
from edgekit.model import Range, Tensor

# How far beyond its range a sample may go, in widths of the range: bicubic resampling overshoots by
# about this much at sharp edges.
MARGIN = 0.1
MAPS = ("mask", "one-hot", "integers")

Array = NDArray[Any]


def type_range(dtype: str) -> Range | None:
    """What the type of a sample tells; floats, and integers of 32 bits and more, tell nothing."""
    if dtype == "bool":
        return (0.0, 1.0)
    if dtype in ("uint8", "int8", "uint16", "int16"):
        limits = np.iinfo(dtype)
        return (float(limits.min), float(limits.max))
    return None


def as_text(span: Range) -> str:
    """`0…1`."""
    return f"{span[0]:g}…{span[1]:g}"


def alternatives(spans: Sequence[Range]) -> str:
    """`-1…1 or 0…255`."""
    return " or ".join(map(as_text, spans))


def is_whole(dtype: str) -> bool:
    """Whether a type holds whole numbers (or truth values) only."""
    return dtype == "bool" or dtype.startswith(("int", "uint"))


def cast(values: Array, dtype: str) -> Array:
    """Values in a type: rounded and saturated in integers, true from a half on in booleans."""
    values = np.asarray(values)
    if values.dtype == dtype:
        return values
    if dtype == "bool":
        return values >= 0.5
    if is_whole(dtype):
        return saturated(values, dtype)
    return values.astype(dtype)


def saturated(values: Array, dtype: str) -> Array:
    """Numbers as the nearest that a type of integers holds."""
    limits = np.iinfo(dtype)
    if values.dtype.kind == "f":
        # Narrow floats do not hold the limits of wide integers, and none holds 2⁶³ - 1.
        values = np.rint(values.astype(np.float64, copy=False))
    else:
        values = values.astype(np.uint8) if values.dtype.kind == "b" else values
    above, below = values >= limits.max, values <= limits.min
    inside = np.where(above | below, 0, values).astype(dtype)
    inside[above], inside[below] = limits.max, limits.min
    return inside


def rescaled(values: Array, old: Range | None, new: Range | None) -> Array:
    """Samples of one range brought into another; as they are where one of them is unknown."""
    if old is None or new is None or old == new:
        return values
    factor = (new[1] - new[0]) / (old[1] - old[0])
    return np.asarray((values.astype(np.float32) - old[0]) * factor + new[0], np.float32)


def check_values(tensor: Tensor, rows: Array, doubt: Sequence[Range] = ()) -> Array:
    """Values that this input takes: pixels of 8 bits are brought into its range.

    Latents and codes are not bounded; what takes whole numbers takes those of its domain.
    `doubt`: ranges that fit the net as well.

    Raises:
        InputError: NaN or infinite values, integers outside of the range, floats further outside
            than `MARGIN` of its width, and fractions for an input of whole numbers.
    """
    rows = np.asarray(rows)
    if rows.dtype.kind not in "fiub":
        raise InputError(f"input '{tensor.name}' holds {rows.dtype}, expected {tensor.dtype}")
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():
        raise InputError(f"input '{tensor.name}' holds NaN or infinite values")
    span = tensor.range or type_range(tensor.dtype)
    if tensor.role != "sample" and rows.size:
        check_numbers(tensor, rows)
    if tensor.role != "sample" or span is None or rows.size == 0:
        return rows
    if rows.dtype == np.uint8 and tensor.dtype != "uint8":
        # Masks and label maps hold numbers of classes, not shades, unless they go beyond them.
        classes = tensor.dtype == "bool" or any(d.distribution in MAPS for d in tensor.domain)
        flags = classes and rows.max() <= span[1]
        return cast(rows if flags else from_uint8(rows, span), tensor.dtype)
    check_span(tensor, rows, span, doubt)
    return cast(rows, tensor.dtype)


def check_numbers(tensor: Tensor, rows: Array) -> None:
    """Raise InputError for what an input of whole numbers, such as time steps, does not take.

    These are fractions, and what is not in its domain: an embedding has no row for that, and
    engines do not tell.
    """
    if not is_whole(tensor.dtype):
        return
    if rows.dtype.kind == "f" and (rows != np.rint(rows)).any():
        raise InputError(f"input '{tensor.name}' takes whole numbers ({tensor.dtype})")
    least, most = rows.min(), rows.max()
    for domain in tensor.domain:
        low, high = domain.bounds
        whole = domain.distribution == "integers" and domain.columns is None
        if whole and not (low <= least and most <= high):
            raise InputError(
                f"input '{tensor.name}' holds {least:g}…{most:g}, it was converted for "
                f"{low:g}…{high:g}; convert again with another --domain for more"
            )


def check_span(tensor: Tensor, rows: Array, span: Range, doubt: Sequence[Range] = ()) -> None:
    """Raise InputError for rows outside of an input's range, and for fractions where it has none.

    Only floats may overshoot.
    """
    low, high, kind = float(rows.min()), float(rows.max()), rows.dtype.kind
    found = f"input '{tensor.name}' holds {'integers' if kind in 'iu' else 'values'} "
    found += f"{low:g}…{high:g}, the net takes "
    taken = as_text(span) + (f" (in doubt: {alternatives(doubt)} fits as well)" if doubt else "")
    if is_whole(tensor.dtype):
        if kind == "f" and (rows != np.rint(rows)).any():
            raise InputError(
                f"{found}whole numbers {taken} ({tensor.dtype}); scale them to that range and "
                "round them, or give pixels as uint8"
            )
        margin = 0.0
    else:
        margin = MARGIN * (span[1] - span[0]) if kind == "f" else 0.0
    if low < span[0] - margin or high > span[1] + margin:
        raise InputError(
            f"{found}{taken}; scale them to that range, give pixels as uint8, or convert again "
            "with the right --input-range"
        )


def padded(rows: Array, batch: int) -> Array:
    """At least a batch of rows: the last one is repeated."""
    missing = batch - len(rows)
    return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing > 0 else rows

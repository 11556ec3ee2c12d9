"""Sizes and times as people write them: 800kB, 5ms, 0.5x of float32."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from edgekit.errors import InputError

Latency = tuple[float, Literal["s", "x"]]

NUMBER = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zA-Z]+)\s*")
BYTES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}
TIMES = {"x": 1.0, "ms": 1e-3, "s": 1.0}


def parse(text: str, units: Mapping[str, float]) -> tuple[float, str]:
    """A positive number with one of these units, in the basic unit; InputError for all else."""
    found = NUMBER.fullmatch(text)
    if not found or found[2] not in units or float(found[1]) <= 0:
        raise InputError(f"'{text}' is not a number with a unit ({', '.join(units)})")
    return float(found[1]) * units[found[2]], found[2]


def parse_size(text: str) -> int:
    """`800kB` as 800000."""
    return round(parse(text, BYTES)[0])


def parse_latency(text: str) -> Latency:
    """`5ms` as (0.005, "s"), `0.5x` as (0.5, "x")."""
    value, unit = parse(text, TIMES)
    return value, "x" if unit == "x" else "s"


def size_text(size: float) -> str:
    """Bytes with the unit that they are typed in, and enough digits to compare with a limit."""
    for unit in ("GB", "MB", "kB"):
        if size >= BYTES[unit]:
            return f"{size / BYTES[unit]:.4g} {unit}"
    return f"{size:.0f} B"


def latency_text(value: float, unit: str) -> str:
    """Seconds ("s") or × float32 ("x")."""
    if unit == "s" and value < 1:
        return f"{value * 1e3:.3g} ms"
    return f"{value:.3g} {unit}"

"""Domains: how the values of an input are drawn where none are given, and how users write that."""

from __future__ import annotations

import math
import re
from typing import Any, Literal, get_args

from edgekit.errors import InputError, did_you_mean
from edgekit.typed import Typed

Distribution = Literal["normal", "uniform", "integers", "one-hot", "mask"]

SPEC = r"(?P<kind>[a-z-]+)(:(?P<values>[^@]*))?(@(?P<columns>.*))?"
NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
BETWEEN = rf"({NUMBER})\.\.({NUMBER})"
COLUMNS = r"([0-9]{1,9})\.\.([0-9]{1,9})"
PAIR = rf"({NUMBER}),({NUMBER})"
EXAMPLES = "integers:0..999, uniform:0.01..80, normal, normal:0,0.02, mask or one-hot:128..137"


class Domain(Typed, frozen=True):
    """What an input, or some columns of its last axis, takes.

    `normal` has `mean` and `deviation`; `uniform`, `integers` and `mask` have a `range`, both ends
    of which belong to whole numbers. `mask` gives whole numbers that are constant over regions, as
    masks and label maps are (0 and 1 without a range). `one-hot` is 1 in one of its columns and 0
    in the others. `columns` are the first and the last, counted from 0; None means all.
    """

    distribution: Distribution
    range: tuple[float, float] | None = None
    mean: float = 0.0
    deviation: float = 1.0
    columns: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what can be drawn from no distribution."""
        kind, (low, high) = self.distribution, self.bounds
        if kind in ("uniform", "integers") and self.range is None:
            raise ValueError(f"{kind} needs a range, such as {kind}:0..1")
        if kind in ("normal", "one-hot") and self.range is not None:
            raise ValueError(f"{kind} has no range")
        if not (low <= high and math.isfinite(high - low)):
            raise ValueError(f"the range {low:g}..{high:g} is none")
        if kind in ("integers", "mask") and (low % 1 or high % 1 or high - low >= 2**52):
            raise ValueError(f"{kind} are whole numbers, not {low:g}..{high:g}")
        if not (math.isfinite(self.mean) and 0 < self.deviation < math.inf):
            raise ValueError("normal has a finite mean and a deviation above 0")
        if (self.mean, self.deviation) != (0.0, 1.0) and kind != "normal":
            raise ValueError(f"{kind} has no mean and deviation")
        first, last = self.columns or (0, 1)
        if not 0 <= first <= last:
            raise ValueError(f"columns {first}..{last} are none; they are counted from 0")

    @property
    def bounds(self) -> tuple[float, float]:
        """The range of what has one; 0 and 1 for masks without."""
        return self.range or (0.0, 1.0)

    def __str__(self) -> str:
        """As users write it."""
        text: str = self.distribution
        if self.range:
            text += ":{:.17g}..{:.17g}".format(*self.range)
        if (self.mean, self.deviation) != (0.0, 1.0):
            text += f":{self.mean:.17g},{self.deviation:.17g}"
        if self.columns:
            sign = ":" if self.distribution == "one-hot" else "@"
            text += sign + "{}..{}".format(*self.columns)
        return text


Domains = tuple[Domain, ...]


def as_text(domains: Domains) -> str:
    """All that is said of one input."""
    return " and ".join(map(str, domains))


def parse_domain(text: str) -> Domain:
    """`integers:0..999` as a Domain, `uniform:0..1@62..63` as one of two columns.

    Raises:
        InputError: anything that is none.
    """
    found = re.fullmatch(SPEC, text.strip())
    kinds = get_args(Distribution)
    if not found:
        raise InputError(f"domain '{text}' is none; write {EXAMPLES}")
    kind, values, columns = found["kind"], found["values"], found["columns"]
    if kind not in kinds:
        raise InputError(f"domain '{text}': no distribution '{kind}'; {did_you_mean(kind, kinds)}")
    if kind == "one-hot" and values is not None and columns is None:
        values, columns = None, values
    try:
        fields = {} if values is None else parameters(kind, values)
        if columns is not None:
            first, last = pair(COLUMNS, columns)
            fields["columns"] = (int(first), int(last))
        return Domain(kind, **fields)  # type: ignore[arg-type]
    except ValueError as error:
        raise InputError(f"domain '{text}': {error}") from None


def parameters(kind: str, values: str) -> dict[str, Any]:
    """The fields that the text behind the colon gives."""
    if kind == "normal":
        mean, deviation = pair(PAIR, values)
        return {"mean": float(mean), "deviation": float(deviation)}
    low, high = pair(BETWEEN, values)
    return {"range": (float(low), float(high))}


def pair(pattern: str, text: str) -> tuple[str, str]:
    """The two numbers of a text; raises ValueError when it has another form."""
    found = re.fullmatch(pattern, text)
    if not found:
        raise ValueError(f"'{text}' is not of the form in {EXAMPLES}")
    return found[1], found[2]

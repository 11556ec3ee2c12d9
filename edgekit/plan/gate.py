"""Bounds that a candidate must meet."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping

from edgekit import plugin
from edgekit.errors import InputError
from edgekit.typed import Typed

GATE = re.compile(r"^\s*([a-z0-9_-]+)\s*(>=|<=|>|<)\s*([-+0-9.eE]+)\s*$")
COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


class Gate(Typed, frozen=True):
    """A bound that a candidate must meet, such as psnr >= 30."""

    metric: str
    sign: str
    bound: float

    def met(self, scores: Mapping[str, float]) -> bool:
        """Whether the scores meet it; a metric that does not apply to the outputs does not bind."""
        value = scores.get(self.metric)
        return value is None or bool(COMPARE[self.sign](value, self.bound))

    def __str__(self) -> str:
        return f"{self.metric}{self.sign}{self.bound:g}"


def parse_gate(text: str) -> Gate:
    """`psnr>=30` as a Gate.

    Raises:
        InputError: bad syntax, an unknown metric, or a bound on its good side.
    """
    found = GATE.match(text)
    if not found:
        raise InputError(
            f"gate '{text}' is not of the form metric>=number, such as 'psnr>=30', in quotes"
        )
    metric, sign, number = found.groups()
    better = plugin.load("metrics", metric.replace("_", "-")).BETTER
    try:
        bound = float(number)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise InputError(f"gate '{text}': '{number}' is not a number") from None
    right = sign.replace("<", ">") if better == "higher" else sign.replace(">", "<")
    if sign != right:
        raise InputError(f"gate '{text}': {better} is better; write '{metric}{right}{number}'")
    return Gate(metric=metric.replace("-", "_"), sign=sign, bound=bound)

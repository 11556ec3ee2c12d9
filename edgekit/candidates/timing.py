"""What several processes measured of a candidate, and of two beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edgekit.measure.latency import Latency


class Gap(NamedTuple):
    """The logarithm of the ratio of two latencies, and how far it may be off either way with 95 %
    confidence."""

    log: float
    spread: float


def gap(one: Latency, other: Latency) -> Gap:
    """How much longer the other takes.

    By the processes that timed both, if there are two: what moves the baseline from one to the next
    does not move these two against each other. Turns of the two are taken to vary as much as those
    of the baseline, which the spread of either counts as well; that of the baseline itself is 0.
    """
    first = {number: (ratio, spread) for number, ratio, spread in one.processes}
    beside = [
        Gap(math.log(ratio / first[number][0]), beside_each_other(spread, first[number][1]))
        for number, ratio, spread in other.processes
        if number in first
    ]
    if len(beside) > 1:
        return mean(beside)
    return Gap(math.log(other.ratio / one.ratio), math.hypot(one.spread, other.spread))


def beside_each_other(one: float, other: float) -> float:
    """The spread of the ratio of two latencies from those of their ratios to the baseline."""
    return max(math.hypot(one, other) / math.sqrt(2), math.sqrt(abs(one**2 - other**2)))


def mean(gaps: Sequence[Gap]) -> Gap:
    """One gap as a few processes measured it.

    Its interval holds both what turns vary by and what processes differ by: the latter by Student's
    t, since processes are few.
    """
    from scipy.special import stdtrit

    count = len(gaps)
    logs = np.array([each.log for each in gaps])
    turns = float(np.linalg.norm([each.spread for each in gaps])) / count
    between = 0.0
    if count > 1:
        deviation = float(np.std(logs, ddof=1)) / math.sqrt(count)
        between = float(stdtrit(count - 1, 0.975)) * deviation
    return Gap(float(np.mean(logs)), max(turns, between))


def pooled(measured: Sequence[Latency]) -> Latency:
    """One ratio as several processes measured it, as one."""
    log, spread = mean([Gap(math.log(latency.ratio), latency.spread) for latency in measured])
    ratio = math.exp(log)
    return Latency(
        seconds=ratio * float(np.median([each.seconds / each.ratio for each in measured])),
        ratio=ratio,
        ratio_low=ratio * math.exp(-spread),
        ratio_high=ratio * math.exp(spread),
        noise=float(np.mean([latency.noise for latency in measured])),
        runs=sum(latency.runs for latency in measured),
        processes=tuple(each for latency in measured for each in latency.processes),
    )

"""Which of the candidates that are good enough is best, beyond what timings can tell.

Sizes and scores come out the same on every run; latencies do not. So all that may be as good as the
one in front are tied with it, and the simplest of them is taken: the same input gives the same
bundle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgekit.candidates import timing
from edgekit.candidates.results import Result
from edgekit.candidates.timing import Gap
from edgekit.measure.latency import Latency
from edgekit.plan.steps import REWRITE

NOISE = 0.03  # timings within this are equal to float32's
SMALL = 0.02  # what must be won beyond noise
CLOSE = NOISE + SMALL  # ranks within this are tied, however exactly timings are known
ALIKE = 0.5  # dB
EXACT = 0.015  # what is known so well is not timed again: it stands on the edge of what is tied
SURE = 1.6  # makes of 95 % confidence 98 % with three processes, 99.8 % with many: pairs are many
# What `balanced` trades: 10 dB of signal to noise for a factor of 1.35 in size or latency, up to
# the 45 dB beyond which differences are invisible in 8-bit pictures.
QUALITY_WORTH, QUALITY_ENOUGH = 0.03, 45.0
TIMED = ("balanced", "latency")  # objectives that count it
BLIND = ("size", "latency")  # objectives that do not count quality


def best(results: Sequence[Result], base: Result, objective: str) -> Result:
    """The simplest of those that are tied with the one in front.

    Where the objective does not count quality, the best quality goes before. Where it counts no
    timings, what is a byte smaller goes before what is simpler.
    """
    leader = front(results, base, objective)
    tied = [
        result
        for result in simplest_first(results)
        if behind(result, leader, base, objective) <= tolerance(gap(leader, result, objective))
    ]
    if objective in BLIND:
        finest = max(quality(result) for result in tied)
        tied = [result for result in tied if quality(result) >= finest - ALIKE]
    return tied[0] if objective in TIMED else front(tied, base, objective)


def front(results: Sequence[Result], base: Result, objective: str) -> Result:
    """The one that no other was measured to go before, from the simplest on."""
    leader, *others = simplest_first(results)
    for result in others:
        if behind(leader, result, base, objective) > 0:
            leader = result
    return leader


def simplest_first(results: Sequence[Result]) -> list[Result]:
    """What was not rewritten before what was; the plan is in such an order."""
    return sorted(results, key=lambda result: REWRITE in result.steps)


def behind(result: Result, leader: Result, base: Result, objective: str) -> float:
    """How far a result ranks behind another, whatever timings can tell."""
    exact = worth(result, base, objective) - worth(leader, base, objective)
    return exact + gap(leader, result, objective).log


def equals(
    chosen: Result, results: Sequence[Result], base: Result, objective: str
) -> tuple[str, ...]:
    """The names of those that only noise, or too little, sets apart from the chosen one."""

    def equal(result: Result) -> bool:
        timed = gap(chosen, result, objective)
        apart = abs(behind(result, chosen, base, objective))
        return apart <= tolerance(timed) + SURE * timed.spread

    others = [result for result in results if result is not chosen]
    return tuple(r.name for r in others if equal(r)) if objective in TIMED else ()


def undecided(
    chosen: Result,
    good: Sequence[Result],
    slow: Sequence[Result],
    base: Result,
    objective: str,
) -> tuple[str, ...]:
    """The names of those of which another timing could bring one to the fore, with the chosen one
    and the one in front.

    `slow` are out for that alone.
    """
    leader, unclear = front(good, base, objective), []

    def may_be_tied(result: Result) -> bool:
        apart = behind(result, leader, base, objective)
        return apart <= tolerance(gap(leader, result, objective))

    for result in simplest_first(good) if objective in TIMED else ():
        counts = objective not in BLIND or quality(result) > quality(chosen) - ALIKE
        if counts and on_edge_of_tie(result, leader, base, objective):
            unclear.append(result.name)
        if result is chosen and objective not in BLIND:
            break  # what comes behind it is not asked
    unclear += [r.name for r in slow if on_edge(r) and may_be_tied(r)]
    if not unclear and not on_edge(chosen):
        return ()
    return tuple(dict.fromkeys([chosen.name, leader.name, *unclear]))


def on_edge_of_tie(result: Result, leader: Result, base: Result, objective: str) -> bool:
    """Whether another timing could tie a result with the one in front, or set it apart."""
    timed, apart = gap(leader, result, objective), behind(result, leader, base, objective)
    if result is leader or timed.spread <= EXACT:
        return False
    return CLOSE - timed.spread <= apart <= max(CLOSE + timed.spread, tolerance(timed))


def gap(one: Result, other: Result, objective: str) -> Gap:
    """How much longer the other takes, as far as the objective counts it."""
    if objective not in TIMED or one.latency is None or other.latency is None:
        return Gap(0.0, 0.0)
    return timing.gap(one.latency, other.latency)


def on_edge(result: Result) -> bool:
    """Whether another timing could make a result slower than the baseline, or not so."""
    latency = result.latency
    if latency is None:
        return False
    return max(abs(math.log(latency.ratio) - NOISE), EXACT) <= latency.spread


def unsure(latency: Latency) -> float:
    """How far a timing may be from the baseline's by chance."""
    return max(NOISE, latency.spread)


def tolerance(timed: Gap) -> float:
    """How far behind another a result may have been measured, and still be tied with it."""
    return max(CLOSE, SMALL + SURE * timed.spread)


def slower(result: Result) -> bool:
    """Whether a result takes longer than the baseline, beyond noise."""
    if result.latency is None:
        return False
    return math.log(result.latency.ratio) > unsure(result.latency)


def rank(result: Result, base: Result, objective: str) -> float:
    """Lower is better: the logarithm of what the objective counts, relative to float32."""
    return worth(result, base, objective) + time(result, objective)


def worth(result: Result, base: Result, objective: str) -> float:
    """The part of the rank that is the same on every run: size and quality."""
    size = math.log(result.size / base.size) if base.size else 0.0
    if objective == "latency":
        return 0.0
    if objective == "size":
        return size
    if objective == "quality":
        return -quality(result)
    return size - QUALITY_WORTH * min(quality(result), QUALITY_ENOUGH)


def time(result: Result, objective: str) -> float:
    """The part of the rank that is measured anew on every run."""
    return math.log(result.latency.ratio) if result.latency and objective in TIMED else 0.0


def quality(result: Result) -> float:
    """The signal-to-noise ratio in decibels."""
    return result.scores.get("sqnr", 0.0)

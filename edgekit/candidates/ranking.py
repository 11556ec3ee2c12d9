"""Which of the candidates that are good enough is best, beyond what timings can tell.

Sizes and scores come out the same on every run; latencies do not. So two candidates are apart in
time only as far as their difference is beyond noise, and where nothing else tells them apart the
simpler one is taken: the same input gives the same bundle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from edgekit.candidates import timing
from edgekit.candidates.results import Result
from edgekit.candidates.timing import Gap
from edgekit.measure.latency import Latency
from edgekit.plan.steps import REWRITE

CLOSE = 0.05  # ranks within this are equal to who does not count quality: the better one wins
ALIKE = 0.5  # dB
NOISE = 0.03  # timings within this are equal, however exactly they were measured
EXACT = 0.015  # what is known so well is not timed again: it stands on the edge of what is equal
SURE = 1.6  # makes of an interval of 95 % confidence one of 99.8 %: there are many candidates
SMALL = 0.02  # what a candidate must win beyond noise to go before a simpler one
# What `balanced` trades: 10 dB of signal to noise for a factor of 1.35 in size or latency, up to
# the 45 dB beyond which differences are invisible in 8-bit pictures.
QUALITY_WORTH, QUALITY_ENOUGH = 0.03, 45.0
TIMED = ("balanced", "latency")  # objectives that count it
BLIND = ("size", "latency")  # objectives that do not count quality


def best(results: Sequence[Result], base: Result, objective: str) -> Result:
    """The best of the remaining results.

    Where the objective does not count quality, the best quality wins among those close to it; among
    those of about that quality the best.
    """
    leader = ahead(results, base, objective)
    if objective not in BLIND:
        return leader
    close = [r for r in results if behind(r, leader, base, objective) <= CLOSE]
    finest = max(quality(result) for result in close)
    finest_ones = [r for r in close if quality(r) >= finest - ALIKE]
    return leader if leader in finest_ones else ahead(finest_ones, base, objective)


def ahead(results: Sequence[Result], base: Result, objective: str) -> Result:
    """The simplest that the one in front does not go before: that must be better beyond noise.

    Whatever the timings, the order in which they are compared is the same.
    """
    least = SMALL if objective in TIMED else 0.0
    ordered = sorted(results, key=complexity)
    leader = ordered[0]
    for result in ordered:
        if lead(leader, result, base, objective) > least:
            leader = result
    # What noise hid of a third one may have brought it to the front.
    return next(each for each in ordered if lead(each, leader, base, objective) <= least)


def complexity(result: Result) -> bool:
    """What is simpler goes before: first what was not rewritten; the plan is in such an order."""
    return REWRITE in result.steps


def lead(behind: Result, before: Result, base: Result, objective: str) -> float:
    """By how much a result ranks before another; what timings cannot tell counts nothing."""
    exact = worth(behind, base, objective) - worth(before, base, objective)
    timed = gap(before, behind, objective)
    return exact + timed.log if abs(timed.log) > noise(timed) + SMALL else exact


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
        return apart <= noise(timed) + SMALL + SURE * timed.spread

    others = [result for result in results if result is not chosen]
    return tuple(r.name for r in others if equal(r)) if objective in TIMED else ()


def undecided(
    chosen: Result,
    good: Sequence[Result],
    slow: Sequence[Result],
    base: Result,
    objective: str,
) -> tuple[str, ...]:
    """The names of those that another timing could bring to the fore, and of the chosen one.

    `slow` are out for that alone.
    """
    found = [
        result.name
        for result in (good if objective in TIMED else ())
        if result is not chosen and may_turn(chosen, result, good, base, objective)
    ]
    found += [r.name for r in slow if on_edge(r) and behind(r, chosen, base, objective) <= CLOSE]
    return (chosen.name, *found) if found or on_edge(chosen) else ()


def may_turn(
    chosen: Result, other: Result, good: Sequence[Result], base: Result, objective: str
) -> bool:
    """Whether between these two, the one that is chosen depends on where in their interval the
    timings really are, or on how wide that is."""
    timed = gap(chosen, other, objective)
    if timed.spread <= EXACT:
        return False
    pair = [result for result in good if result in (chosen, other)]
    ends = [
        [known(result, timed.log + end if result is other else 0.0) for result in pair]
        for end in (-timed.spread, timed.spread)
    ]
    return len({best(found, base, objective).name for found in (pair, *ends)}) > 1


def known(result: Result, log: float) -> Result:
    """A result as if its latency were exactly known."""
    assert result.latency is not None, "without it there is no spread"
    return msgspec.structs.replace(result, latency=timing.exactly(result.latency, log))


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


def noise(timed: Gap) -> float:
    """How far the logarithms of two timings may be apart by chance."""
    return max(NOISE, SURE * timed.spread)


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

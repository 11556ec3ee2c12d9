"""Two candidates beside each other, as a few processes measured them."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from edgekit.candidates.timing import gap, pooled
from edgekit.measure.latency import Latency, summary

TURNS = 15


def measured(
    chance: np.random.Generator, ratio: float, processes: int, *, drift: float, bias: float
) -> tuple[Latency, Latency]:
    """A candidate and one that takes `ratio` times as long, as some processes measured both.

    The baseline beside them drifts from one process to the next, and so do they, by `bias`.
    """
    found: list[list[Latency]] = [[], []]
    for number in range(processes):
        base = math.exp(chance.normal(0, drift)) * np.exp(chance.normal(0, 0.03, TURNS))
        for each, true in zip(found, (0.3, 0.3 * ratio), strict=True):
            level = true * math.exp(chance.normal(0, bias))
            own = summary(level * np.exp(chance.normal(0, 0.03, TURNS)), base, 1)
            told = (number, own.ratio, own.spread)
            each.append(msgspec.structs.replace(own, processes=(told,)))
    one, other = map(pooled, found)
    return one, other


@pytest.mark.parametrize("bias", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("processes", [3, 6])
def test_the_interval_holds_what_is_true(bias: float, processes: int) -> None:
    chance, held, runs = np.random.default_rng(0), 0, 400
    for _ in range(runs):
        found = gap(*measured(chance, 1.1, processes, drift=0.2, bias=bias))
        held += abs(found.log - math.log(1.1)) <= found.spread
    assert held / runs >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / runs)


def test_what_moves_the_baseline_from_one_process_to_the_next_hides_no_difference() -> None:
    chance = np.random.default_rng(0)
    one, other = measured(chance, 1.1, 3, drift=0.2, bias=0.0)
    assert gap(one, other).log == pytest.approx(math.log(1.1), abs=0.03)
    assert gap(one, other).spread < 0.08
    assert min(one.spread, other.spread) > 0.2


def test_of_those_that_no_process_timed_together_only_the_intervals_are_known() -> None:
    chance = np.random.default_rng(0)
    one, _ = measured(chance, 1.1, 3, drift=0.0, bias=0.0)
    other = msgspec.structs.replace(one, processes=())
    assert gap(one, other).log == 0
    assert gap(one, other).spread == pytest.approx(math.hypot(one.spread, other.spread))

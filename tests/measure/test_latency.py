"""The statistic that "never slower" stands on: what is told of timings is true of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.candidates.timing import pooled
from edgekit.measure import latency as measure
from edgekit.measure.latency import Latency, excess, interleaved, summary

TRIALS = 2000


def turns(chance: np.random.Generator, median: float, count: int) -> NDArray[np.float64]:
    """Timings as they are: never much below their median, at times far above it."""
    jitter = 0.05 * np.abs(chance.standard_normal(count))
    spikes = np.where(chance.random(count) < 0.1, chance.uniform(0.5, 5.0, count), 0.0)
    return median * (1.0 + jitter + spikes)


@pytest.mark.parametrize("count", [7, 12, 40, 151])
@pytest.mark.parametrize("true", [0.3, 1.0, 1.2])
def test_the_interval_holds_the_ratio_in_95_of_100_measurements(count: int, true: float) -> None:
    chance, held = np.random.default_rng(0), 0
    for _ in range(TRIALS):
        found = summary(turns(chance, true, count), turns(chance, 1.0, count), 1)
        held += found.ratio_low <= true <= found.ratio_high
    # Two standard deviations of so many trials below 0.95.
    assert held / TRIALS >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / TRIALS)


@pytest.mark.parametrize("count", range(7, 200, 3))
def test_no_value_more_can_be_left_out(count: int) -> None:
    def covered(outside: int) -> float:
        return 1 - 2 * sum(math.comb(count, k) for k in range(outside + 1)) / 2**count

    assert covered(excess(count)) >= 0.95 > covered(excess(count) + 1)


def test_a_drift_of_the_whole_machine_cancels() -> None:
    """A clock that slows down to a third meets both in each turn."""
    chance, drift = np.random.default_rng(0), np.linspace(1.0, 3.0, 60)
    found = summary(0.5 * drift * turns(chance, 1.0, 60), drift * turns(chance, 1.0, 60), 1)
    assert found.ratio == pytest.approx(0.5, rel=0.05)
    assert found.spread < 0.1


class Clock:
    """Stands in for the machine's clock; calls take the seconds that they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(measure.time, "perf_counter", lambda: self.now)

    def taking(self, seconds: Callable[[], float]) -> Callable[[], None]:
        def call() -> None:
            self.now += seconds()

        return call


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_about_so_many_seconds_are_taken(clock: Clock) -> None:
    slow, fast = clock.taking(lambda: 0.05), clock.taking(lambda: 0.0001)
    found = interleaved([slow, fast], seconds=7.0)
    assert clock.now == pytest.approx(7.0, rel=0.05)
    assert found[1].ratio == pytest.approx(0.002)
    assert found[0].seconds == pytest.approx(0.05)
    assert (found[0].runs, found[1].runs) == (100, 20_000), "100 turns each, of 20 ms or one call"


def test_however_slow_there_are_enough_turns_for_an_interval(clock: Clock) -> None:
    (found,) = interleaved([clock.taking(lambda: 10.0)], seconds=0.3)
    assert found.runs == measure.LEAST_TURNS


def test_calls_that_were_interrupted_do_not_count(clock: Clock) -> None:
    """Other load takes the core for 4 ms at times, as a scheduler does."""
    chance = np.random.default_rng(0)

    def loaded(seconds: float) -> Callable[[], None]:
        # In proportion to its length each call may lose the core: half of all time is lost.
        return clock.taking(lambda: seconds + (0.004 if chance.random() < seconds / 0.004 else 0.0))

    base, candidate = interleaved([loaded(0.001), loaded(0.0007)], seconds=3.0)
    assert base.seconds == pytest.approx(0.001)
    assert candidate.ratio == pytest.approx(0.7)


def test_what_is_measured_for_more_turns_is_known_better() -> None:
    chance = np.random.default_rng(0)
    few, many = (
        np.mean(
            [summary(turns(chance, 1.0, n), turns(chance, 1.0, n), 1).spread for _ in range(200)]
        )
        for n in (10, 160)
    )
    assert many < few / 2


@pytest.mark.parametrize("bias", [0.0, 0.01, 0.05])
def test_processes_that_differ_widen_the_interval(bias: float) -> None:
    """Each process lays out its memory anew; what that moves no number of turns in one tells."""
    chance, held, runs = np.random.default_rng(0), 0, 500

    def process() -> Latency:
        own = turns(chance, 0.5 * math.exp(chance.normal(0, bias)), 20)
        return summary(own, turns(chance, 1.0, 20), 1)

    for _ in range(runs):
        both = pooled([process() for _ in range(3)])
        held += both.ratio_low <= 0.5 <= both.ratio_high
    assert held / runs >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / runs)


def test_a_real_clock_tells_two_sleeps_apart() -> None:
    short, long = interleaved([lambda: time.sleep(0.002), lambda: time.sleep(0.006)], seconds=0.2)
    assert long.ratio_low > 1.5
    assert short.ratio == 1.0

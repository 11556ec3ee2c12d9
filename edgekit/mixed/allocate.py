"""Which precision each layer gets: an integer program over what was measured of each alone.

Errors of different layers are nearly independent, so their powers add; so do bytes, and, on an
engine that runs layers one after another, seconds. The program is then: choose one precision for
every group so that the sum of noise is least while size and time stay within a budget
(0-1 multiple-choice knapsack; as in HAWQ-V3, Yao et al. 2021). SciPy's HiGHS solves it exactly.
What it predicts is only used to propose: every assignment is built, run and timed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from edgekit import pareto
from edgekit.errors import PassError
from edgekit.mixed.sensitivity import FLOAT, Cost, Sensitivity
from edgekit.units import latency_text, size_text

Assignment = dict[str, str]
SILENT = 1e-6  # noise relative to the outputs: 60 dB


def front(
    found: Sensitivity, points: int, max_size: float | None = None, max_time: float | None = None
) -> list[Assignment]:
    """Assignments from the smallest to the most faithful, each different.

    Args:
        found: what was measured.
        points: at most so many, spread over what the budgets gave.
        max_size: bytes that no assignment may exceed; those of the float graph at most.
        max_time: seconds that no assignment may exceed; by default those of the float graph.

    Raises:
        PassError: no assignment is within the limits, or no layer takes any precision.
    """
    if all(group.costs.keys() == {FLOAT} for group in found.groups):
        reasons = sorted({reason for group in found.groups for reason in group.failures})
        raise PassError(
            "mixed: no layer takes any of the precisions; leave out --recipe mixed"
            + (f" ({reasons[0]})" if reasons else "")
        )
    limits = loosest(found, max_size, max_time)
    feasible(found, limits)
    solved = [solve(found, *budget) for budget in budgets(found, 4 * points, *limits)]
    different = {tuple(sorted(one.items())): one for one in solved if one is not None}
    ranked = sorted(undominated(found, different.values()),
                    key=lambda one: predicted(found, one, "size"))  # fmt: skip
    return [ranked[place] for place in spread(found, ranked, points)]


def undominated(found: Sensitivity, solved: Iterable[Assignment]) -> list[Assignment]:
    """Those that no other one is expected to beat in size, time and noise together."""
    figures = ("size", "time", "noise")
    return pareto.front(solved, lambda one: tuple(predicted(found, one, what) for what in figures))


def spread(found: Sensitivity, ranked: list[Assignment], points: int) -> list[int]:
    """The places of a few assignments, sorted by size, that are far from each other.

    Both ends, and then always what is farthest from the nearest taken so far: in decibels of noise,
    and in size, of which 3 % count as one decibel. What is below `SILENT` is not told apart.
    """
    sizes = np.log([predicted(found, one, "size") for one in ranked])
    noises = [max(predicted(found, one, "noise"), SILENT) for one in ranked]
    steps = np.abs(np.diff(sizes)) / 0.03 + np.abs(np.diff(10 * np.log10(noises)))
    along = np.concatenate([[0.0], np.cumsum(steps)])
    taken = [0, len(ranked) - 1][: len(ranked)]
    while len(taken) < min(points, len(ranked)):
        gaps = np.min(np.abs(along[:, None] - along[taken]), axis=1)
        gaps[taken] = -1.0
        taken.append(int(np.argmax(gaps)))
    return sorted(taken[:points])


def budgets(
    found: Sensitivity, steps: int, max_size: float, max_time: float
) -> Iterator[tuple[float, float]]:
    """Limits on size and time: ever tighter ones on either, and on both."""
    for part in np.linspace(0.0, 1.0, steps):
        size = tightened(found, "size", part, max_size)
        time = tightened(found, "time", part, max_time)
        yield size, max_time
        yield max_size, time
        yield size, time


def tightened(found: Sensitivity, what: str, part: float, limit: float) -> float:
    """A limit on size or time, between its loosest (part 0) and the least there is (1)."""
    most = min(float(getattr(found, what)), limit)
    return most + part * (least(found, what) - most)


def proposal(found: Sensitivity, what: str, part: float, limits: tuple[float, float]) -> Assignment:
    """The assignment with the least noise when `what` (size, time or both) is tightened by a part.

    Where nothing is so small and quick, the part is lessened until something is.

    Raises:
        PassError: none is within the limits on size and time.
    """
    max_size, max_time = limits
    loose = feasible(found, limits)
    for less in np.linspace(part, 0.0, 20):
        size = max_size if what == "time" else tightened(found, "size", less, max_size)
        time = max_time if what == "size" else tightened(found, "time", less, max_time)
        if (solved := solve(found, size, time)) is not None:
            return solved
    return loose


def feasible(found: Sensitivity, limits: tuple[float, float]) -> Assignment:
    """The most faithful assignment within the limits; PassError when there is none."""
    solved = solve(found, *limits)
    if solved is None:
        size, time = size_text(limits[0]), latency_text(limits[1], "s")
        smallest, fastest = size_text(least(found, "size")), latency_text(least(found, "time"), "s")
        raise PassError(
            f"mixed: no assignment of precisions takes at most {size} and {time} (by default those "
            f"of float32); the smallest takes about {smallest}, the fastest {fastest}; raise "
            "--max-size or --max-latency"
        )
    return solved


def loosest(
    found: Sensitivity, max_size: float | None, max_time: float | None
) -> tuple[float, float]:
    """The limits on size and time; by default neither larger nor slower than the float graph."""
    return (
        min(found.size, np.inf if max_size is None else max_size),
        found.time if max_time is None else max_time,
    )


def predicted(found: Sensitivity, assignment: Assignment, what: str) -> float:
    """The size, time or noise that the sum of all layers' own lets expect."""
    chosen = (g.costs[assignment.get(g.layers[0], FLOAT)] for g in found.groups)
    base = float(getattr(found, what, 0.0))
    return base + sum(float(getattr(cost, what)) for cost in chosen)


def least(found: Sensitivity, what: str) -> float:
    """The smallest size or time that any assignment reaches."""
    base = float(getattr(found, what))
    return base + sum(min(float(getattr(c, what)) for c in g.costs.values()) for g in found.groups)


def solve(found: Sensitivity, max_size: float, max_time: float) -> Assignment | None:
    """The assignment with the least noise within the limits; None when there is none."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    choices = [(k, name, cost) for k, group in enumerate(found.groups)
               for name, cost in group.costs.items()]  # fmt: skip
    one_each = np.zeros((len(found.groups), len(choices)))
    for column, (row, _, _) in enumerate(choices):
        one_each[row, column] = 1
    limits = []
    for what, limit, base in (("size", max_size, found.size), ("time", max_time, found.time)):
        if np.isfinite(limit):
            unit = max(abs(base), 1e-12)  # relative, so that the solver's tolerance fits both
            used = [getattr(cost, what) / unit for _, _, cost in choices]
            limits.append(LinearConstraint(np.array([used]), ub=(limit - base) / unit + 1e-9))
    result = milp(
        objective([cost for _, _, cost in choices], found),
        constraints=[LinearConstraint(one_each, 1, 1), *limits],
        integrality=np.ones(len(choices)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 1e-6},
    )
    if result.x is None:
        return None
    chosen = [choices[k] for k in np.flatnonzero(result.x > 0.5)]
    return {
        layer: name for k, name, _ in chosen if name != FLOAT for layer in found.groups[k].layers
    }


def objective(
    costs: list[Cost], found: Sensitivity
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Noise in units of the worst, and a little of size and time to tell equals apart."""
    worst = max((cost.noise for cost in costs), default=0.0) or 1.0
    return np.array([
        cost.noise / worst
        + 1e-7 * (cost.size / max(found.size, 1) + cost.time / max(found.time, 1e-12))
        for cost in costs
    ])  # fmt: skip

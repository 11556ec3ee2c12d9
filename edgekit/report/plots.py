"""The accuracy-versus-cost plots with their Pareto fronts."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from math import dist

from edgekit.candidates.results import Result, TargetReport

LABELS = {"size": "artifact size (MB)", "latency": "latency (× float32)"}
SLOWEST = 2.5  # × float32
CEILING = 80.0  # dB: above it nothing can be seen, and float32 would squeeze the rest together
WIDTH, HEIGHT = 5.2, 3.4  # inches
POINTS = 60.0  # in an inch, of what the axes leave of it
# Where a label may stand beside its point, the best place first, and how far from all else.
PLACES = ((9, 4), (-9, 4), (9, -8), (-9, -8), (0, 11), (0, -15))
APART = 12.0


def front_plot(target: TargetReport, cost: str, front: Sequence[str]) -> str:
    """Quality (signal to noise, dB) against `cost` as an SVG data URI.

    The chosen one and those on the front bear their number in the table.
    """
    from matplotlib.figure import Figure

    points = {
        r.name: (where(r, cost), quality(r))
        for r in target.results
        if not r.failure and not r.same_as and (cost == "size" or r.latency)
    }
    numbers = {result.name: number for number, result in enumerate(target.results, start=1)}
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    on_front = sorted(points[name] for name in points if name in front)
    axes.plot(*zip(*on_front, strict=True), color="#4c78a8", alpha=0.5, zorder=1)
    off = ""
    for name, (x, y) in points.items():
        chosen, leading = name == target.chosen, name in front
        color = "#e45756" if chosen else "#4c78a8" if leading else "#b8bfcc"
        axes.scatter(x, y, s=70 if chosen else 28, zorder=3 if chosen else 2, color=color)
    shown = [n for n, (x, _) in points.items() if cost == "size" or x <= SLOWEST]
    labelled = [name for name in shown if name in front or name == target.chosen]
    places = spread([points[name] for name in labelled], [points[name] for name in shown])
    for name, place in zip(labelled, places, strict=True):
        axes.annotate(str(numbers[name]), points[name], textcoords="offset points", xytext=place,
                      fontsize=8, ha="center")  # fmt: skip
    if cost == "latency":
        axes.axvline(1.0, color="#999999", linewidth=0.8, linestyle=":")
        slower = [name for name, (x, _) in points.items() if x > SLOWEST]
        if slower:  # an op without a fast kernel, which would squeeze the rest together
            axes.set_xlim(right=SLOWEST)
            off = f"; {len(slower)} beyond {SLOWEST:g} × not shown"
    axes.set_xlabel(LABELS[cost] + off)
    axes.set_ylabel(f"signal to noise (dB, at most {CEILING:g})")
    axes.set_xlim(left=0)
    axes.margins(x=0.1, y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def spread(
    labelled: Sequence[tuple[float, float]], points: Sequence[tuple[float, float]]
) -> list[tuple[int, int]]:
    """The place of each label beside its point: the first that is far enough from other points
    and labels, else the farthest."""
    wide = max((x for x, _ in points), default=1.0) or 1.0
    heights = [y for _, y in points]
    high = max(heights, default=1.0) - min(heights, default=0.0) or 1.0

    def on_paper(point: tuple[float, float]) -> tuple[float, float]:
        return point[0] / wide * WIDTH * POINTS, point[1] / high * HEIGHT * POINTS

    taken = [on_paper(point) for point in points]
    chosen = []
    for x, y in map(on_paper, labelled):
        rest = [spot for spot in taken if spot != (x, y)]
        room = [
            (min([APART, *(dist((x + dx, y + dy + 3), spot) for spot in rest)]), (dx, dy))
            for dx, dy in PLACES
        ]
        _, place = max(room, key=lambda option: option[0])  # the first of equal ones
        taken.append((x + place[0], y + place[1] + 3))
        chosen.append(place)
    return chosen


def where(result: Result, cost: str) -> float:
    """A result's place on the cost axis."""
    if cost == "size":
        return result.size / 1e6
    return result.latency.ratio if result.latency else 0.0


def quality(result: Result) -> float:
    """A result's place on the quality axis."""
    return min(result.scores.get("sqnr", 0.0), CEILING)

"""The accuracy-versus-cost plots with their Pareto fronts."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

from edgekit.report import Result, TargetReport

LABELS = {"size": "artifact size (MB)", "latency": "latency (× float32)"}
SLOWEST = 2.5  # × float32
APART = 4.0  # dB between two names
CEILING = 80.0  # dB: above it nothing can be seen, and float32 would squeeze the rest together


def front_plot(target: TargetReport, cost: str, front: Sequence[str]) -> str:
    """Quality (signal to noise, dB) against `cost` as an SVG data URI."""
    from matplotlib.figure import Figure

    points = [
        r
        for r in target.results
        if not r.failure and not r.same_as and (cost == "size" or r.latency)
    ]
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = figure.add_subplot()
    on_front = sorted((where(r, cost), quality(r)) for r in points if r.name in front)
    axes.plot(*zip(*on_front, strict=True), color="#4c78a8", alpha=0.5, zorder=1)
    named: list[Result] = []
    for result in sorted(points, key=lambda r: (r.name != target.chosen, quality(r))):
        chosen, leading = result.name == target.chosen, result.name in front
        x, y = where(result, cost), quality(result)
        color = "#e45756" if chosen else "#4c78a8" if leading else "#b8bfcc"
        axes.scatter(x, y, s=70 if chosen else 28, zorder=3 if chosen else 2, color=color)
        # The others are in the table: names would lie over each other.
        if chosen or (leading and all(abs(y - quality(other)) > APART for other in named)):
            named.append(result)
            axes.annotate(
                result.name, (x, y), textcoords="offset points", xytext=(6, 5), fontsize=8
            )
    off = ""
    if cost == "latency":
        axes.axvline(1.0, color="#999999", linewidth=0.8, linestyle=":")
        slower = [r for r in points if where(r, cost) > SLOWEST]
        if slower:  # an op without a fast kernel, which would squeeze the rest together
            axes.set_xlim(right=SLOWEST)
            off = f"; {len(slower)} beyond {SLOWEST:g} × not shown"
    axes.set_xlabel(LABELS[cost] + off)
    axes.set_ylabel(f"signal to noise (dB, at most {CEILING:g})")
    axes.set_xlim(left=0)
    axes.margins(x=0.18, y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def where(result: Result, cost: str) -> float:
    """A result's place on the cost axis."""
    if cost == "size":
        return result.size / 1e6
    return result.latency.ratio if result.latency else 0.0


def quality(result: Result) -> float:
    """A result's place on the quality axis."""
    return min(result.scores.get("sqnr", 0.0), CEILING)

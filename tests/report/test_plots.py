"""The plots of a report with many candidates: readable, whatever is among them."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from edgekit.candidates.results import Result, TargetReport
from edgekit.measure.latency import Latency
from edgekit.report.plots import front_plot


def result(name: str, ratio: float, sqnr: float) -> Result:
    latency = Latency(
        seconds=ratio, ratio=ratio, ratio_low=ratio, ratio_high=ratio, noise=0, runs=9
    )
    return Result(name=name, recipe="", size=1000, latency=latency, scores={"sqnr": sqnr})


def drawn(cost: str, *results: Result, front: Sequence[str] = ()) -> str:
    """The SVG, whose comments hold every text as it is written."""
    target = TargetReport(
        name="board", description="", engines=("litert",), results=results, chosen="best"
    )
    uri = front_plot(target, cost, front or [one.name for one in results])
    return base64.b64decode(uri.partition(",")[2]).decode()


def test_points_bear_their_number_in_the_table() -> None:
    best, far = result("best", 0.5, 40.4), result("far", 0.9, 60)
    text = drawn("latency", best, result("near", 0.6, 39), far, front=["far"])
    assert "<!-- 1 -->" in text  # chosen
    assert "<!-- 3 -->" in text  # on the front
    assert "<!-- 2 -->" not in text


def test_one_that_is_very_slow_does_not_squeeze_the_rest() -> None:
    text = drawn("latency", result("best", 0.5, 40), result("slow", 50, 45))
    assert "1 beyond 2.5 × not shown" in text
    assert "beyond" not in drawn("size", result("best", 0.5, 40), result("slow", 50, 45))

"""The plots of a report: readable, whatever is among the candidates."""

from __future__ import annotations

import base64

from edgekit.measure import Latency
from edgekit.report import Result, TargetReport
from edgekit.report.plots import front_plot


def result(name: str, ratio: float, sqnr: float) -> Result:
    latency = Latency(
        seconds=ratio, ratio=ratio, ratio_low=ratio, ratio_high=ratio, noise=0, runs=9
    )
    return Result(name=name, recipe="", size=1000, latency=latency, scores={"sqnr": sqnr})


def drawn(cost: str, *results: Result) -> str:
    """The SVG, whose comments hold every text as it is written."""
    target = TargetReport(
        name="board", description="", engine="litert", threads=1, results=results, chosen="best"
    )
    uri = front_plot(target, cost, [one.name for one in results])
    return base64.b64decode(uri.partition(",")[2]).decode()


def test_one_that_is_very_slow_does_not_squeeze_the_rest() -> None:
    text = drawn("latency", result("best", 0.5, 40), result("slow", 50, 45))
    assert "1 beyond 2.5 × not shown" in text
    assert "beyond" not in drawn("size", result("best", 0.5, 40), result("slow", 50, 45))

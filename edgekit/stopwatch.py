"""Times the candidates of a target side by side, and again where that leaves the choice open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from edgekit.errors import EngineError, PassError
from edgekit.measure import Latency, pooled
from edgekit.recipe import BASELINE
from edgekit.report import Result, TargetReport
from edgekit.workspace import Workspace

# A candidate's own failures. All others, such as a full disk, are those of the whole run.
OWN_FAILURES = (PassError, EngineError)
ROUNDS = 4  # at most so many times what is close is timed again

Judge = Callable[[TargetReport], TargetReport]


class Stopwatch:
    """Timings are kept, since targets may share an engine."""

    def __init__(self, workspace: Workspace, seconds: float) -> None:
        """`seconds`: how long each candidate is measured."""
        self._workspace, self._each = workspace, seconds
        self._timings: dict[tuple[object, ...], list[Latency | str]] = {}

    def timed(
        self,
        engine: str,
        threads: int,
        artifacts: Mapping[str, Path],
        results: Sequence[Result],
    ) -> list[Result]:
        """The results with latencies, measured side by side in one process."""
        mine = {r.name: artifacts[r.name] for r in results if r.name in artifacts}
        key = (engine, threads, *mine.values())
        if key not in self._timings:
            self._timings[key] = self.time(engine, threads, mine)
        found = dict(zip(mine, self._timings[key], strict=True))
        return [with_timing(result, found.get(result.name)) for result in results]

    def settled(
        self, report: TargetReport, artifacts: Mapping[str, Path], judge: Judge
    ) -> TargetReport:
        """The report with what is too close to call timed again, in a process of its own each time,
        until it is not or there were enough."""
        for _ in range(ROUNDS):
            if not report.undecided:
                break
            again = {name: artifacts[name] for name in (BASELINE, *report.undecided)}
            found = dict(zip(again, self.time(report.engine, report.threads, again), strict=True))
            results = tuple(with_more(each, found.get(each.name)) for each in report.results)
            report = judge(msgspec.structs.replace(report, results=results))
        return report

    def time(self, engine: str, threads: int, artifacts: Mapping[str, Path]) -> list[Latency | str]:
        """Latencies of all artifacts side by side; one by one beside the baseline, and the
        message of what failed, where one of them takes the process down."""
        try:
            return list(self._latencies(engine, threads, list(artifacts.values())))
        except OWN_FAILURES:
            found: list[Latency | str] = []
            for artifact in artifacts.values():
                try:
                    pair = [artifacts[BASELINE], artifact]
                    found.append(self._latencies(engine, threads, pair)[-1])
                except OWN_FAILURES as error:
                    found.append(str(error))
            return found

    def seconds(self, engine: str, threads: int, artifact: Path) -> float:
        """How long one artifact takes."""
        return self._latencies(engine, threads, [artifact])[0].seconds

    def _latencies(self, engine: str, threads: int, artifacts: Sequence[Path]) -> list[Latency]:
        told = self._workspace.call(
            "edgekit.measure:latency",
            artifacts=artifacts,
            engine=engine,
            threads=threads,
            seconds=self._each * len(artifacts),
        )
        return msgspec.convert(told, list[Latency])


def with_timing(result: Result, found: Latency | str | None) -> Result:
    """The result with its latency, or with why there is none."""
    if isinstance(found, str):
        return msgspec.structs.replace(result, failure=found)
    return msgspec.structs.replace(result, latency=found) if found else result


def with_more(result: Result, found: Latency | str | None) -> Result:
    """The result with another measurement joined to its own; what fails this time is out."""
    if isinstance(found, str):
        return msgspec.structs.replace(result, failure=found)
    if isinstance(found, Latency) and result.latency and result.name != BASELINE:
        return msgspec.structs.replace(result, latency=pooled([result.latency, found]))
    return result

"""Times the candidates of a target side by side, and again where that leaves the choice open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from edgekit.candidates.results import Result, TargetReport
from edgekit.candidates.timing import pooled
from edgekit.device import Device
from edgekit.errors import EngineError, PassError
from edgekit.measure import latency as measure
from edgekit.measure.latency import Latency
from edgekit.work.workspace import Workspace

# A candidate's own failures. All others, such as a full disk, are those of the whole run.
OWN_FAILURES = (PassError, EngineError)
ROUNDS = 10  # at most so many times what is close is timed again
NO_BASE = "it cannot be timed: the baseline beside it failed"
PROCESSES = 3  # each lays out its memory anew, which moves timings more than turns in one tell

Judge = Callable[[TargetReport], TargetReport]


class Artifact(NamedTuple):
    """A model folder and the engine that runs it."""

    engine: str
    folder: Path


class Key(NamedTuple):
    """What was measured: an artifact beside a baseline."""

    device: Device
    base: Artifact
    artifact: Artifact


class Stopwatch:
    """Keeps what every process measured: targets may share a device, and what is timed again is
    known better. Of all artifacts that it is given, the first is the baseline."""

    def __init__(self, workspace: Workspace, seconds: float) -> None:
        """`seconds`: how long each candidate is measured."""
        self._workspace, self._each = workspace, seconds
        self._measured: dict[Key, list[Latency]] = {}
        self._failed: dict[Key, str] = {}

    def timed(
        self, device: Device, artifacts: Mapping[str, Artifact], results: Sequence[Result]
    ) -> list[Result]:
        """The results with latencies, beside the first of them: all are timed if one was not yet,
        since only in the same processes they compare well, and none without that first one."""
        first = results[0].name
        if first not in artifacts:
            return list(results)
        mine = {r.name: artifacts[r.name] for r in results if r.name in artifacts and not r.same_as}
        base = artifacts[first]

        def known(artifact: Artifact) -> bool:
            key = Key(device, base, artifact)
            return key in self._measured or key in self._failed

        if not all(map(known, mine.values())):
            self.time(device, {first: base} | mine)
        found = {name: self._told(Key(device, base, each)) for name, each in mine.items()}
        return as_twins([with_timing(result, found.get(result.name)) for result in results])

    def settled(
        self, report: TargetReport, artifacts: Mapping[str, Artifact], judge: Judge
    ) -> TargetReport:
        """The report with what is too close to call timed again, until it is not or there were
        enough."""
        for _ in range(ROUNDS):
            if not report.undecided:
                break
            names = (report.results[0].name, *report.undecided)
            again = {name: artifacts[name] for name in names}
            found = dict(zip(again, self.time(report.device, again), strict=True))
            results = [with_timing(each, found.get(each.name)) for each in report.results]
            report = judge(msgspec.structs.replace(report, results=tuple(as_twins(results))))
        return report

    def fastest(self, device: Device, artifacts: Mapping[str, Artifact]) -> str:
        """The name of the quickest; of those that noise does not tell apart, the earlier one."""
        if len(artifacts) < 2:
            return next(iter(artifacts))
        found = dict(zip(artifacts, self.time(device, artifacts), strict=True))
        ratios = {
            name: 1.0 if latency.ratio_high >= 1.0 else latency.ratio
            for name, latency in found.items()
            if isinstance(latency, Latency)
        }
        return min(ratios, key=ratios.__getitem__, default=next(iter(artifacts)))

    def time(self, device: Device, artifacts: Mapping[str, Artifact]) -> list[Latency | str]:
        """Latencies of all artifacts, or the message of what failed; ratios are to the first, the
        baseline.

        All side by side, in one process after the other; one by one where one of them takes the
        process down.
        """
        base = next(iter(artifacts.values()))
        keys = [Key(device, base, artifact) for artifact in artifacts.values()]
        for _ in range(PROCESSES):
            running = dict.fromkeys(key for key in keys if key not in self._failed)
            if keys[0] in self._failed:
                self._failed |= {key: self._failed.get(key, NO_BASE) for key in running}
            if not running or keys[0] in self._failed:
                break
            found: Sequence[Latency | str]
            try:
                found = self._beside(device, [key.artifact for key in running])
            except OWN_FAILURES:
                found = self._one_by_one(running)
            for key, latency in zip(running, found, strict=True):
                if isinstance(latency, Latency):
                    self._measured.setdefault(key, []).append(latency)
                else:
                    self._failed[key] = latency
        return [self._told(key) for key in keys]

    def seconds(self, device: Device, artifact: Artifact) -> float:
        """How long one artifact takes."""
        return self._once(device, [artifact])[0].seconds

    def _one_by_one(self, keys: Iterable[Key]) -> list[Latency | str]:
        """Each alone beside the baseline, or why not."""
        found: list[Latency | str] = []
        for key in keys:
            try:
                found.append(self._beside(key.device, [key.base, key.artifact])[-1])
            except OWN_FAILURES as error:
                found.append(str(error))
        return found

    def _beside(self, device: Device, artifacts: Sequence[Artifact]) -> list[Latency]:
        """What one process measures, with its number."""
        number = time.time_ns()
        return [
            msgspec.structs.replace(latency, processes=((number, latency.ratio, latency.spread),))
            for latency in self._once(device, artifacts)
        ]

    def _told(self, key: Key) -> Latency | str:
        """All that was measured of an artifact, as one."""
        return self._failed.get(key) or pooled(self._measured[key])

    def _once(self, device: Device, artifacts: Sequence[Artifact]) -> list[Latency]:
        """What one process measures; ratios refer to the first artifact."""
        told = self._workspace.call(
            measure.latency,
            artifacts=[each.folder for each in artifacts],
            engines=[each.engine for each in artifacts],
            device=device,
            seconds=self._each * len(artifacts) / PROCESSES,
        )
        return msgspec.convert(told, list[Latency])


def with_timing(result: Result, found: Latency | str | None) -> Result:
    """The result with its latency, or with why there is none."""
    if isinstance(found, str):
        return msgspec.structs.replace(result, failure=found)
    return msgspec.structs.replace(result, latency=found) if found else result


def as_twins(results: Sequence[Result]) -> list[Result]:
    """The results, those of the same artifact with the same latency."""
    found = {result.name: result.latency for result in results}
    return [
        msgspec.structs.replace(result, latency=found.get(result.same_as))
        if result.same_as
        else result
        for result in results
    ]

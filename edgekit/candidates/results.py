"""What a conversion measured, as data (report.json)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from edgekit.device import Device
from edgekit.engines import Coverage
from edgekit.files.atomic import write_file
from edgekit.measure.latency import Latency
from edgekit.plan.plan import TargetPlan
from edgekit.typed import Typed, to_json


class Result(Typed, frozen=True):
    """One candidate on one target, made for one of its engines.

    `size` is the bytes of its artifacts as they are stored, `unpacked` as its engine loads them,
    `memory` the peak bytes above the bare engine,
    `coverage` what the engine's fast path took. `left_out` is the one rewrite that was not done,
    `form` what the engine did otherwise. `note` says what sets it apart from others of its
    recipe, `verdict` whether it was chosen, or why not; `same_as` names an earlier
    candidate with the same artifact, `doubt` says why it may not be chosen yet, `failure` is
    set when it could not be made or run.
    """

    name: str
    recipe: str
    engine: str = ""
    offered: bool = True
    left_out: str = ""
    form: str = ""
    note: str = ""
    steps: tuple[str, ...] = ()
    size: int = 0
    unpacked: int = 0
    memory: int = 0
    load_seconds: float = 0.0
    coverage: Coverage | None = None
    latency: Latency | None = None
    scores: dict[str, float] = {}  # noqa: RUF012 - a struct field, copied for each instance
    same_as: str = ""
    doubt: str = ""
    failure: str = ""
    verdict: str = ""


class TargetReport(Typed, frozen=True):
    """All candidates of one target. `bundle` is where the chosen one was written, `zipped` the
    bytes of that folder as a zip file. `nearest` is the one that missed least where none is good
    enough, `equal` those that only noise sets apart from the chosen one, `undecided` those whose
    place beside it another timing could turn. `searched` says why mixed precision was searched
    although no recipe asked for it.

    `device` is what latencies were measured on, `target_threads` what the target runs a net
    with, 0 where that was not noted. `memory_mb` is what the target allows a net, 0 for any
    amount; `architecture` the target's processors, empty for any. `install` is the command that
    makes the device ready, where `{engine}` stands for the engine of the bundle.
    """

    name: str
    description: str
    engines: tuple[str, ...]
    device: Device = Device()
    target_threads: int = 0
    memory_mb: int = 0
    architecture: tuple[str, ...] = ()
    install: str = ""
    verified: str = ""
    results: tuple[Result, ...] = ()
    chosen: str | None = None
    nearest: str | None = None
    equal: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    searched: str = ""
    bundle: str | None = None
    zipped: int = 0
    failure: str = ""

    @classmethod
    def of(cls, plan: TargetPlan, device: Device, results: Sequence[Result]) -> TargetReport:
        """What was measured for a target, nothing decided yet."""
        return cls(
            name=plan.name,
            description=plan.target.description,
            engines=plan.target.engines,
            device=device,
            target_threads=plan.target.device.threads,
            memory_mb=plan.target.limits.memory_mb,
            architecture=plan.target.architecture,
            install=plan.target.install,
            verified=plan.target.verified,
            results=tuple(results),
        )

    @property
    def baseline(self) -> Result | None:
        """The float32 result, which ratios refer to."""
        return self.results[0] if self.results and not self.results[0].failure else None

    @property
    def shown(self) -> str:
        """The candidate whose samples stand in the report; empty without any."""
        return self.chosen or self.nearest or (self.baseline.name if self.baseline else "")

    @property
    def noise(self) -> float:
        """How much this machine's timings vary: the median over all candidates, relative."""
        return median([r.latency.noise for r in self.results if r.latency] or [0.0])

    def result(self, name: str | None) -> Result | None:
        """A result by its candidate's name."""
        return next((result for result in self.results if result.name == name), None)


class Report(Typed, frozen=True):
    """A whole conversion: what was asked, on which machine, and every target's candidates.

    `inputs` says what the trial was run on. `resampled` holds the distances between two
    independent sets of the original's own samples: what a distance means that is no larger.
    `doubts`: what the user must say before some candidates may be chosen.
    """

    model: str
    family: str
    parameters: int
    objective: str
    samples: int
    seed: int
    created: str
    gates: tuple[str, ...] = ()
    inputs: str = ""
    features: str = ""
    resampled: dict[str, float] = {}  # noqa: RUF012
    doubts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    machine: dict[str, Any] = {}  # noqa: RUF012
    tools: dict[str, str] = {}  # noqa: RUF012
    targets: tuple[TargetReport, ...] = ()

    def save(self, path: Path) -> None:
        """Write report.json."""
        write_file(path, to_json(self).encode())

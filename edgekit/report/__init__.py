"""What a conversion measured, as data (report.json); `edgekit.report.page` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from edgekit.coverage import Coverage
from edgekit.files.atomic import write_file
from edgekit.measure import Latency
from edgekit.plan.steps import TargetPlan
from edgekit.typed import Typed, to_json

LARGEST = 64 << 20  # bytes of a report.json
MARK, HEAD = b'<meta name="generator" content="edgekit">', 1000


class Result(Typed, frozen=True):
    """One candidate on one target.

    `size` is the bytes of its artifacts, `memory` the peak bytes above the bare engine,
    `coverage` what the engine's fast path took. `note` says what sets it apart from
    others of its recipe, `verdict` whether it was chosen, or why not; `same_as` names an earlier
    candidate with the same artifact, `doubt` says why it may not be chosen yet, `failure` is
    set when it could not be made or run.
    """

    name: str
    recipe: str
    offered: bool = True
    note: str = ""
    steps: tuple[str, ...] = ()
    size: int = 0
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

    `threads` is what latencies were measured with, `target_threads` what the target runs a net
    with, 0 where that was not noted. `memory_mb` is what the target allows a net, 0 for any
    amount; `architecture` the target's processors, empty for any.
    """

    name: str
    description: str
    engine: str
    threads: int
    target_threads: int = 0
    memory_mb: int = 0
    architecture: tuple[str, ...] = ()
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
    def of(cls, plan: TargetPlan, threads: int, results: Sequence[Result]) -> TargetReport:
        """What was measured for a target, nothing decided yet."""
        return cls(
            name=plan.name,
            description=plan.target.description,
            engine=plan.target.engine,
            threads=threads,
            target_threads=plan.target.threads,
            memory_mb=plan.target.memory_mb,
            architecture=plan.target.architecture,
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


def is_report(path: Path) -> bool:
    """Whether a file is a report.json of ours, of an earlier version or with nulls for NaN too."""
    try:
        found = msgspec.json.decode(path.read_bytes()) if 0 < size(path) <= LARGEST else None
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    needed = {field.name for field in msgspec.structs.fields(Report) if field.required}
    return isinstance(found, dict) and needed <= found.keys()


def is_page(path: Path) -> bool:
    """Whether a file is a report.html of ours: its head says so."""
    try:
        if not size(path):
            return False
        with path.open("rb") as file:
            return MARK in file.read(HEAD)
    except OSError:
        return False


def size(path: Path) -> int:
    """Bytes of an ordinary file; 0 of anything else, such as a pipe."""
    return path.stat().st_size if path.is_file() else 0


def proxy(report: Report, target: TargetReport) -> str:
    """What the target's latencies are worth, where they were measured on another processor."""
    here = str(report.machine.get("architecture", ""))
    if not target.architecture or here in target.architecture:
        return ""
    device = " or ".join(target.architecture)
    return (
        f"latency is a proxy: measured on {here}, the target is {device}; "
        "run `edgekit bench` on the device"
    )


def threads(report: Report, target: TargetReport) -> str:
    """The threads that latencies were measured with, and why they are not the target's."""
    here, wanted = target.threads, target.target_threads
    if wanted <= here:
        return f"{here} thread{'' if here == 1 else 's'}"
    cores = report.machine.get("cores")
    why = f": this machine has {cores} core{'' if cores == 1 else 's'}" if cores == here else ""
    return f"{here} of the target's {wanted} threads{why}"


def variants(target: TargetReport) -> str:
    """What the names of candidates tell; empty where they are the recipes' own."""
    told = {
        "+rewrites": "with “+rewrites”, exact rewrites changed the graph (docs/rewrites.md)",
        " without ": "with “without …”, all of them did but that one",
        " with shared scales": "with “shared scales”, dense layers have one scale for all channels",
    }
    return "; ".join(
        text for part, text in told.items() if any(part in result.name for result in target.results)
    )


def searched(target: TargetReport) -> str:
    """That and why mixed precision was searched without being asked for; else empty."""
    return f"mixed precision was searched: {target.searched}" if target.searched else ""


def equal(target: TargetReport) -> str:
    """Which candidates only noise sets apart from the chosen one; empty where there is none."""
    if not target.equal:
        return ""
    return (
        f"equal within noise: {', '.join((target.chosen or '', *target.equal))}; "
        "of such the one of the best quality is taken, then the simplest"
    )


def rows(target: TargetReport) -> list[dict[str, str]]:
    """The table of one target, as text cells by column."""
    base = target.baseline
    table = []
    for result in target.results:
        table.append(
            {
                "candidate": result.name,
                "size": megabytes(result.size) if result.size else "–",
                "÷ float32": f"{result.size / base.size:.2f}" if base and result.size else "–",
                "latency": f"{result.latency.seconds * 1e3:.3g} ms" if result.latency else "–",
                "× float32": f"{result.latency.ratio:.2f}" if result.latency else "–",
                "memory": megabytes(result.memory) if result.size else "–",
                "PSNR": shown(result, "psnr", ".1f"),
                "SSIM": shown(result, "ssim", ".3f"),
                "Fréchet": shown(result, "frechet", ".3g"),
                "verdict": result.verdict,
            }
        )
    return table


def shown(result: Result, metric: str, form: str) -> str:
    """A score as text, a dash where it does not apply."""
    return format(result.scores[metric], form) if metric in result.scores else "–"


def megabytes(size: int) -> str:
    """Bytes for people: kB below one megabyte."""
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.2f} MB"

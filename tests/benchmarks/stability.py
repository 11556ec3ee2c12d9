"""Whether the same command chooses the same.

`python -m tests.benchmarks.stability MODEL -t TARGET [--runs 10] [--load]` builds every candidate
once, and then decides again and again with new timings, beside other load if asked: artifacts and
scores come out the same on every run, which a second build proves, only timings do not. Fails when
the choice changes and the reports do not say that it was between equals.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Event, Process
from multiprocessing.synchronize import Event as Ended
from pathlib import Path
from typing import Any

import edgekit
from edgekit.candidates.results import Report, TargetReport
from edgekit.errors import GateError


def busy(ended: Ended) -> None:
    """Keep a core busy, with pauses, as other programs do."""
    while not ended.wait(0.01):
        sum(k * k for k in range(200_000))


@contextmanager
def load(processes: int) -> Iterator[None]:
    """So much other load."""
    ended = Event()
    running = [Process(target=busy, args=(ended,), daemon=True) for _ in range(processes)]
    for process in running:
        process.start()
    try:
        yield
    finally:
        ended.set()
        for process in running:
            process.join()


def converted(model: Path, target: str, cache: Path, options: dict[str, Any]) -> TargetReport:
    """One run of the command; builds are taken from the cache, timings never are."""
    with tempfile.TemporaryDirectory() as output:
        try:
            report: Report = edgekit.convert(
                model, targets=target, output=Path(output) / "out", cache=cache, **options
            )
        except GateError as error:
            report = error.report
    return report.targets[0]


def exact(report: TargetReport, names: set[str]) -> dict[str, Any]:
    """What must be the same on every run, of the candidates that both had."""
    return {r.name: (r.size, r.scores, r.same_as) for r in report.results if r.name in names}


def main() -> int:
    """Decide often; 0 when the choice is stable, or told to be between equals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("-t", "--target", required=True)
    parser.add_argument("-r", "--recipe", action="append")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--load", type=int, nargs="?", const=1, default=0, metavar="PROCESSES")
    parser.add_argument("--cache", type=Path, help="keep builds here")
    asked = parser.parse_args()
    options = {"recipe": asked.recipe or ["auto"]}
    with tempfile.TemporaryDirectory() as folder, load(asked.load):
        cache = asked.cache or Path(folder) / "cache"
        runs = []
        for _ in range(asked.runs):
            run = converted(asked.model, asked.target, cache, options)
            print(f"{run.chosen or 'none'}; equal: {', '.join(run.equal) or '–'}; "
                  f"timings vary by {run.noise:.0%}", flush=True)  # fmt: skip
            runs.append(run)
        again = converted(asked.model, asked.target, Path(folder) / "other", options)
    both = {r.name for r in runs[0].results} & {r.name for r in again.results}
    same = exact(runs[0], both) == exact(again, both)
    counts = Counter(run.chosen for run in runs)
    chosen = set(counts)
    told = all(chosen <= {run.chosen, *run.equal} for run in runs)
    print(f"chosen: {dict(counts)}; artifacts and scores of a second build are "
          f"{'the same' if same else 'OTHERS'}")  # fmt: skip
    return 0 if same and (len(chosen) == 1 or told) else 1


if __name__ == "__main__":
    sys.exit(main())

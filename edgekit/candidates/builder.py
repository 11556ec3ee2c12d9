"""Builds, runs and times every candidate of a target."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from edgekit import plugin
from edgekit.candidates.choose import merged
from edgekit.candidates.results import Result, TargetReport
from edgekit.candidates.stopwatch import OWN_FAILURES, Judge, Stopwatch
from edgekit.candidates.variants import Made, variants
from edgekit.engines import artifact_size, artifacts
from edgekit.errors import PassError
from edgekit.files.checksum import sha256
from edgekit.measure import latency as measure
from edgekit.measure.evaluator import Evaluator
from edgekit.measure.latency import Latency, Trial
from edgekit.mixed import sensitivity
from edgekit.mixed.allocate import front
from edgekit.mixed.sensitivity import FLOAT, Cost, Group, Sensitivity, grouped
from edgekit.model import Model
from edgekit.passes._run import run_pass
from edgekit.plan.recipe import BASELINE
from edgekit.plan.request import Request
from edgekit.plan.steps import REWRITE, Candidate, Search, Step, TargetPlan, compacted
from edgekit.work.workspace import Workspace

FLOAT_TOLERANCE = 1e-4  # relative: lowering in float32 only reorders sums
ULPS = 4  # by so many of its inputs may it differ, where the original itself is that sensitive
IN_DOUBT = "depends on the input range, which is in doubt (--input-range)"


class Builder:
    """The candidates of all targets."""

    def __init__(
        self, request: Request, workspace: Workspace, described: Path, evaluator: Evaluator
    ) -> None:
        self._request, self._workspace = request, workspace
        self._described, self._evaluator = described, evaluator
        self._stopwatch = Stopwatch(workspace, request.seconds)

    def run(
        self, plan: TargetPlan, done: Callable[[str], None]
    ) -> tuple[TargetReport, dict[str, Made]]:
        """Build, run and time every candidate; their own failures are collected, not raised."""
        threads = self.threads(plan)
        built: dict[str, Made] = {}
        results = self._attempt_all(plan, plan.candidates, built, done)
        if plan.search and BASELINE in built:
            results += self._searched(plan, plan.search, built, done)
        results = with_twins(results, built)
        results = self._stopwatch.timed(plan.target.engine, threads, places(built), results)
        return TargetReport.of(plan, threads, results), built

    def settled(
        self, report: TargetReport, built: Mapping[str, Made], judge: Judge
    ) -> TargetReport:
        """The decided report, after what is too close to call was timed again."""
        return self._stopwatch.settled(report, places(built), judge)

    def go_on(
        self,
        plan: TargetPlan,
        report: TargetReport,
        built: dict[str, Made],
        why: str,
        judge: Judge,
        done: Callable[[str], None],
    ) -> TargetReport:
        """The report with a search for mixed precision, timed beside what was good before."""
        assert plan.otherwise is not None
        found = self._searched(plan, plan.otherwise, built, done)
        new = with_twins([*report.results, *found], built)[len(report.results) :]
        named = {report.chosen, *report.equal, *(r.name for r in new)}
        before = [r for r in report.results[1:] if r.name in named]
        rivals = [report.results[0], *before, *new]
        timed = self._stopwatch.timed(report.engine, report.threads, places(built), rivals)
        again = {result.name: result for result in timed[1:]}
        kept = [again.pop(result.name, result) for result in report.results]
        results = (*kept, *again.values())
        more = msgspec.structs.replace(report, results=results, searched=why)
        return self.settled(judge(more), built, judge)

    def refine(
        self,
        plan: TargetPlan,
        report: TargetReport,
        built: dict[str, Made],
        judge: Judge,
        done: Callable[[str], None],
    ) -> TargetReport:
        """The report with variants of the chosen candidate (variants.py), timed beside it.

        One is chosen instead where it is better beyond noise; what lost before stays so.
        """
        chosen = report.result(report.chosen)
        search = plan.search or plan.otherwise
        searched = search is not None and chosen and chosen.recipe == search.recipe
        if chosen is None or searched:  # a search names layers as the rewrites made them
            return report
        tried = variants(chosen, built[chosen.name])
        if not tried or report.failure:
            return report
        results = self._attempt_all(plan, tried, built, done)
        new = with_twins([*report.results, *results], built)[len(report.results) :]
        rivals = [report.results[0], chosen, *new]
        timed = self._stopwatch.timed(report.engine, report.threads, places(built), rivals)
        among = judge(msgspec.structs.replace(report, results=tuple(timed)))
        return merged(report, self.settled(among, built, judge))

    def threads(self, plan: TargetPlan) -> int:
        """The user's number of threads, or the target's, as far as this machine has them."""
        return self._request.threads or min(plan.target.threads, os.cpu_count() or 1)

    def attempt(self, plan: TargetPlan, candidate: Candidate) -> tuple[Result, Made | None]:
        """Build and run one candidate; None, and a result that tells why, when it fails."""
        result = Result(
            name=candidate.name,
            recipe=candidate.recipe,
            offered=candidate.offered,
            note=candidate.note,
            steps=tuple(step.name for step in candidate.steps),
            doubt=IN_DOUBT if candidate.calibrates and self._evaluator.model.range_doubt else "",
        )
        try:
            made = self._build_and_try(plan, candidate)
            return self._measured(result, candidate, made), made
        except OWN_FAILURES as error:
            return msgspec.structs.replace(result, failure=str(error)), None

    def _attempt_all(
        self,
        plan: TargetPlan,
        candidates: Sequence[Candidate],
        built: dict[str, Made],
        done: Callable[[str], None],
    ) -> list[Result]:
        """Build and run candidates side by side; those that succeed are put into `built`."""

        def attempt(candidate: Candidate) -> Result:
            result, made = self.attempt(plan, candidate)
            if made:
                built[candidate.name] = made
            done(f"{plan.name}: {candidate.name}")
            return result

        with ThreadPoolExecutor(self._request.jobs) as pool:
            try:
                return list(pool.map(attempt, candidates))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._workspace.stop()
                raise

    def _searched(
        self,
        plan: TargetPlan,
        search: Search,
        built: dict[str, Made],
        done: Callable[[str], None],
    ) -> list[Result]:
        """Measure each layer, solve for the best assignments, and build and run those."""
        limits, engine = self._request.limits, plan.target.engine
        if self._evaluator.model.range_doubt:  # what is calibrated could not be chosen
            search = search.uncalibrated(engine)
        try:
            found = self.sensitivity(plan, search, done)
            float32 = self._stopwatch.seconds(engine, self.threads(plan), built[BASELINE].artifact)
            assignments = front(found, search.points, limits.max_size, limits.seconds(float32))
        except OWN_FAILURES as error:
            return [Result(name=search.name, recipe=search.recipe, failure=str(error))]
        return self._attempt_all(plan, search.candidates(engine, assignments), built, done)

    def sensitivity(
        self, plan: TargetPlan, search: Search, done: Callable[[str], None]
    ) -> Sensitivity:
        """What each layer's precision costs and wins, a step for each group of layers.

        The steps are timed, so they run one after another. A group whose step crashes stays float.
        PassError when the net has no layer with constant weights.
        """
        engine, threads = plan.target.engine, self.threads(plan)
        source = self._after(search.steps)
        base = self._after(compacted(search.steps, engine))
        told = self._workspace.step(sensitivity.layers, source=source, engine=engine)
        sizes = msgspec.json.decode((told / "result.json").read_bytes(), type=dict[str, int])
        if not sizes:
            raise PassError("mixed: no layer has constant weights to choose a precision for")
        groups = []
        for names in grouped(sizes, search.groups):
            try:
                folder = self._workspace.step(
                    sensitivity.costs,
                    needs=search.modules(engine),
                    also=measure.machine(),  # whose timings they are
                    source=source,
                    base=base,
                    engine=engine,
                    names=names,
                    precisions=search.precisions,
                    recorded=self._evaluator.folder,
                    rows=self._request.calibration,
                    threads=threads,
                )
                groups.append(
                    msgspec.json.decode((folder / "result.json").read_bytes(), type=Group)
                )
            except OWN_FAILURES as error:
                failed = Group(tuple(names), {FLOAT: Cost()}, (str(error),))
                groups.append(failed)
            done(f"{plan.name}: {search.name}, {names[0].rpartition(';')[2]}")
        time = self._stopwatch.seconds(engine, threads, base)
        return Sensitivity(size=artifact_size(base), time=time, groups=tuple(groups))

    def _after(self, steps: Sequence[Step]) -> Path:
        """The folder of the model after some passes, from the one that was described.

        Rewrites that found nothing count as not done, so that what follows is not done twice.
        """
        trust, folder = self._request.trust, self._described
        for step in steps:
            calibration = self._evaluator.folder / "calibration.npz" if step.calibrates else None
            made = self._workspace.step(
                run_pass,
                needs=(*step.load().NEEDS, *trust.custom_objects),
                name=step.name,
                engine=step.engine,
                options=step.options,
                source=folder,
                calibration=calibration,
                trust=trust,
            )
            if step.name != REWRITE or fingerprint(made) != fingerprint(folder):
                folder = made
        return folder

    def _build_and_try(self, plan: TargetPlan, candidate: Candidate) -> Made:
        """Run the passes one after another, then the artifact on the original's inputs."""
        folder, engine = self._after(candidate.steps), plan.target.engine
        trial = self._workspace.step(
            measure.trial,
            needs=plugin.part(engine, "runtime").MODULES,
            fresh=True,
            artifact=folder,
            engine=engine,
            draws=self._evaluator.folder / "draws.npz",
            threads=self.threads(plan),
        )
        return Made(artifact=folder, trial=trial, steps=candidate.steps)

    def _measured(self, result: Result, candidate: Candidate, made: Made) -> Result:
        """The result with what the trial told; PassError when float32 is not the original."""
        told = msgspec.json.decode((made.trial / "result.json").read_bytes(), type=Trial)
        error = self._evaluator.relative_error(made.trial)
        if candidate.recipe == BASELINE and error > FLOAT_TOLERANCE:
            check_lowering(error, self._evaluator.sensitivity)
        return msgspec.structs.replace(
            result,
            size=artifact_size(made.artifact),
            memory=told.memory,
            load_seconds=told.load_seconds,
            coverage=told.coverage,
            scores=self._evaluator.score(made.trial),
        )

    def time(self, engine: str, threads: int, artifacts: Mapping[str, Path]) -> list[Latency | str]:
        """Latencies of artifacts side by side, or the message of what failed."""
        return self._stopwatch.time(engine, threads, artifacts)


def check_lowering(error: float, sensitivity: float) -> None:
    """Raise PassError for an error that neither the order of sums nor the net itself explains."""
    bound = max(FLOAT_TOLERANCE, ULPS * sensitivity)
    if error > bound:
        raise PassError(
            f"the float32 artifact differs from the original by {error:.2g} (relative), more than "
            f"{bound:.2g} (one ulp of the inputs moves the original by {sensitivity:.2g}): "
            "the lowering is wrong"
        )


def places(built: Mapping[str, Made]) -> dict[str, Path]:
    """Where the artifacts are."""
    return {name: made.artifact for name, made in built.items()}


def with_twins(results: Sequence[Result], built: Mapping[str, Made]) -> list[Result]:
    """The results with `same_as` set where a recipe changed nothing that an earlier one had not."""
    first: dict[str, str] = {}
    marked = []
    for result in results:
        twin = result.name
        if result.name in built:
            twin = first.setdefault(fingerprint(built[result.name].artifact), result.name)
        same = twin if twin != result.name else ""
        marked.append(msgspec.structs.replace(result, same_as=same))
    return marked


def fingerprint(folder: Path) -> str:
    """What is equal for two models whose artifacts are."""
    return " ".join(map(sha256, artifacts(folder, Model.load(folder))))

"""Builds, runs and times every candidate of a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from edgekit import plugin
from edgekit.bundle.pack import pack, stored_sizes
from edgekit.candidates.choose import merged
from edgekit.candidates.passes import after, fingerprint
from edgekit.candidates.results import Result, TargetReport
from edgekit.candidates.stopwatch import OWN_FAILURES, Artifact, Judge, Stopwatch
from edgekit.candidates.variants import Made, variants
from edgekit.device import Device
from edgekit.engines._formats import artifact_size, artifacts
from edgekit.errors import PassError
from edgekit.measure import latency as measure
from edgekit.measure.evaluator import Evaluator
from edgekit.measure.latency import Latency, Trial
from edgekit.mixed import sensitivity
from edgekit.mixed.allocate import front
from edgekit.mixed.sensitivity import FLOAT, Cost, Group, Sensitivity, grouped
from edgekit.model import Model
from edgekit.plan.candidate import Candidate, Search
from edgekit.plan.plan import TargetPlan
from edgekit.plan.recipe import BASELINE
from edgekit.plan.request import Request
from edgekit.plan.steps import Step, compacted
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
        device = self.device(plan)
        built: dict[str, Made] = {}
        results = self._based(plan, self._attempt_all(plan, plan.candidates, built, done), built)
        for search in plan.searches if results[0].name in built else ():
            results += self._searched(plan, search, results[0].name, built, done)
        results = with_twins(results, built)
        results = self._stopwatch.timed(device, artifacts_of(built), results)
        return TargetReport.of(plan, device, results), built

    def settled(
        self, report: TargetReport, built: Mapping[str, Made], judge: Judge
    ) -> TargetReport:
        """The decided report, after what is too close to call was timed again."""
        return self._stopwatch.settled(report, artifacts_of(built), judge)

    def go_on(
        self,
        plan: TargetPlan,
        search: Search,
        report: TargetReport,
        built: dict[str, Made],
        why: str,
        judge: Judge,
        done: Callable[[str], None],
    ) -> TargetReport:
        """The report with a search for mixed precision, timed beside what was good before."""
        found = self._searched(plan, search, report.results[0].name, built, done)
        new = with_twins([*report.results, *found], built)[len(report.results) :]
        named = {report.chosen, *report.equal, *(r.name for r in new)}
        before = [r for r in report.results[1:] if r.name in named]
        rivals = [report.results[0], *before, *new]
        timed = self._stopwatch.timed(report.device, artifacts_of(built), rivals)
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
        searched = {search.recipe for search in (*plan.searches, *plan.otherwise)}
        if chosen is None or chosen.recipe in searched:
            return report  # a search names layers as the rewrites made them
        tried = variants(chosen, built[chosen.name])
        if not tried or report.failure:
            return report
        results = self._attempt_all(plan, tried, built, done)
        new = with_twins([*report.results, *results], built)[len(report.results) :]
        known = {result.name for result in report.results}
        twins = [result for result in new if result.same_as in known]  # these were judged
        base = report.results[0]
        if chosen is not base:  # what lost to it does not come back
            base = msgspec.structs.replace(base, offered=False)
        others = [result for result in new if result not in twins]
        rivals = [base, *([] if chosen is report.results[0] else [chosen]), *others]
        timed = self._stopwatch.timed(report.device, artifacts_of(built), rivals)
        among = judge(msgspec.structs.replace(report, results=tuple(timed)))
        return merged(report, self.settled(among, built, judge), twins)

    def device(self, plan: TargetPlan) -> Device:
        """The target's device, with the user's number of threads if one was given."""
        return plan.target.device.here(self._request.threads)

    def attempt(self, plan: TargetPlan, candidate: Candidate) -> tuple[Result, Made | None]:
        """Build and run one candidate; None, and a result that tells why, when it fails."""
        result = Result(
            name=candidate.name,
            recipe=candidate.recipe,
            engine=candidate.engine,
            offered=candidate.offered,
            left_out=candidate.left_out,
            form=candidate.form,
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

    def _based(
        self, plan: TargetPlan, results: Sequence[Result], built: Mapping[str, Made]
    ) -> list[Result]:
        """The results, first what the others are compared with: the fastest float32."""
        made = artifacts_of(built)
        floats = {each.name: made[each.name] for each in plan.baselines if each.name in made}
        if not floats:
            return list(results)
        base = self._stopwatch.fastest(self.device(plan), floats)
        return sorted(results, key=lambda result: result.name != base)

    def _searched(
        self,
        plan: TargetPlan,
        search: Search,
        base: str,
        built: dict[str, Made],
        done: Callable[[str], None],
    ) -> list[Result]:
        """Measure each layer, solve for the best assignments, and build and run those."""
        limits = self._request.limits
        if self._evaluator.model.range_doubt:  # what is calibrated could not be chosen
            search = search.uncalibrated()
        try:
            found = self.sensitivity(plan, search, done)
            float32 = self._stopwatch.seconds(self.device(plan), artifacts_of(built)[base])
            assignments = front(found, search.points, limits.max_size, limits.seconds(float32))
        except OWN_FAILURES as error:
            told = Result(name=search.name, recipe=search.recipe, engine=search.engine)
            return [msgspec.structs.replace(told, failure=str(error))]
        return self._attempt_all(plan, search.candidates(assignments), built, done)

    def sensitivity(
        self, plan: TargetPlan, search: Search, done: Callable[[str], None]
    ) -> Sensitivity:
        """What each layer's precision costs and wins, a step for each group of layers.

        The steps are timed, so they run one after another. A group whose step crashes stays float.
        PassError when the net has no layer with constant weights.
        """
        engine, device = search.engine, self.device(plan)
        modules = plugin.part(engine, "runtime").MODULES
        source = self._after(search.steps)
        base = self._after(compacted(search.steps, engine))
        told = self._workspace.step(sensitivity.layers, needs=modules, source=source, engine=engine)
        sizes = msgspec.json.decode((told / "result.json").read_bytes(), type=dict[str, int])
        if not sizes:
            raise PassError("mixed: no layer has constant weights to choose a precision for")
        groups = []
        for names in grouped(sizes, search.groups):
            try:
                folder = self._workspace.step(
                    sensitivity.costs,
                    needs=(*search.modules(), *modules),
                    also=measure.machine(),  # whose timings they are
                    source=source,
                    base=base,
                    engine=engine,
                    names=names,
                    precisions=search.precisions,
                    recorded=self._evaluator.folder,
                    rows=self._request.calibration,
                    device=device,
                )
                groups.append(
                    msgspec.json.decode((folder / "result.json").read_bytes(), type=Group)
                )
            except OWN_FAILURES as error:
                failed = Group(tuple(names), {FLOAT: Cost()}, (str(error),))
                groups.append(failed)
            done(f"{plan.name}: {search.name}, {names[0].rpartition(';')[2]}")
        time = self._stopwatch.seconds(device, Artifact(engine, base))
        return Sensitivity(size=artifact_size(base), time=time, groups=tuple(groups))

    def _after(self, steps: Sequence[Step]) -> Path:
        """The folder of the model after some passes, from the one that was described."""
        recorded = self._evaluator.folder / "calibration.npz"
        return after(self._workspace, steps, self._described, self._request.trust, recorded)

    def _build_and_try(self, plan: TargetPlan, candidate: Candidate) -> Made:
        """Run the passes one after another, then the artifact on the original's inputs."""
        folder, engine = self._after(candidate.steps), candidate.engine
        trial = self._workspace.step(
            measure.trial,
            needs=plugin.part(engine, "runtime").MODULES,
            also=measure.machine(),  # whose memory it is
            fresh=True,
            artifact=folder,
            engine=engine,
            draws=self._evaluator.folder / "draws.npz",
            device=self.device(plan),
        )
        made = Made(engine=engine, artifact=folder, trial=trial, steps=candidate.steps)
        if not self._request.packed:
            return made
        names = [path.name for path in artifacts(folder, Model.load(folder))]
        packed = self._workspace.step(pack, folder=folder, names=names)
        return msgspec.structs.replace(made, packed=packed)

    def _measured(self, result: Result, candidate: Candidate, made: Made) -> Result:
        """The result with what the trial told; PassError when float32 is not the original."""
        told = msgspec.json.decode((made.trial / "result.json").read_bytes(), type=Trial)
        error = self._evaluator.relative_error(made.trial)
        if candidate.recipe == BASELINE and error > FLOAT_TOLERANCE:
            check_lowering(error, self._evaluator.sensitivity)
        return msgspec.structs.replace(
            result,
            size=stored_size(made),
            unpacked=artifact_size(made.artifact),
            memory=told.memory,
            load_seconds=told.load_seconds,
            coverage=told.coverage,
            scores=self._evaluator.score(made.trial),
        )

    def time(self, device: Device, artifacts: Mapping[str, Artifact]) -> list[Latency | str]:
        """Latencies of artifacts side by side, or the message of what failed."""
        return self._stopwatch.time(device, artifacts)


def check_lowering(error: float, sensitivity: float) -> None:
    """Raise PassError for an error that neither the order of sums nor the net itself explains."""
    bound = max(FLOAT_TOLERANCE, ULPS * sensitivity)
    if error > bound:
        raise PassError(
            f"the float32 artifact differs from the original by {error:.2g} (relative), more than "
            f"{bound:.2g} (one ulp of the inputs moves the original by {sensitivity:.2g}): "
            "the lowering is wrong"
        )


def stored_size(made: Made) -> int:
    """The bytes of a candidate's artifacts in a bundle."""
    if made.packed is None:
        return artifact_size(made.artifact)
    return sum(stored_sizes(made.packed).values())


def artifacts_of(built: Mapping[str, Made]) -> dict[str, Artifact]:
    """Where the artifacts are, and what runs them."""
    return {name: Artifact(made.engine, made.artifact) for name, made in built.items()}


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

"""The trials of a search: Optuna proposes a recipe, the workbench builds, runs and times it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import msgspec

from edgekit import naming, plugin
from edgekit.candidates.builder import artifacts_of
from edgekit.candidates.choose import decide, good, reject
from edgekit.candidates.passes import fingerprint
from edgekit.candidates.ranking import best, rank
from edgekit.candidates.results import Result, TargetReport
from edgekit.candidates.stopwatch import OWN_FAILURES, Artifact, with_timing
from edgekit.candidates.variants import Made
from edgekit.device import Device
from edgekit.errors import PassError
from edgekit.measure.latency import Latency
from edgekit.mixed.allocate import loosest, proposal
from edgekit.mixed.sensitivity import Sensitivity
from edgekit.plan.candidate import Candidate, Search
from edgekit.plan.gate import Gate
from edgekit.plan.plan import TargetPlan
from edgekit.plan.recipe import BASELINE
from edgekit.plan.request import Request
from edgekit.plan.steps import Step, chain, compacted, with_rows
from edgekit.search.result import front, goals, noted
from edgekit.search.study import Entry, Study

MIXED = "mixed"
PATIENCE = 30  # proposals in a row that were tried before: then there is hardly anything new
NO_GOALS = (0.0, 0.0, 0.0)  # of what failed: the sampler learns that it may not be chosen
FINALISTS = 12  # are timed once more beside the candidates of recipe `auto`


class Workbench(Protocol):
    """What builds, runs and times candidates: `edgekit.candidates.builder.Builder`."""

    def device(self, plan: TargetPlan) -> Device: ...

    def attempt(self, plan: TargetPlan, candidate: Candidate) -> tuple[Result, Made | None]: ...

    def sensitivity(
        self, plan: TargetPlan, search: Search, done: Callable[[str], None]
    ) -> Sensitivity: ...

    def time(self, device: Device, artifacts: Mapping[str, Artifact]) -> list[Latency | str]: ...


class Trials:
    """Tries recipes for one target; other processes may work on the same study."""

    def __init__(
        self,
        builder: Workbench,
        study: Study,
        plan: TargetPlan,
        gates: Sequence[Gate],
        request: Request,
        measured: Callable[[str], None],
    ) -> None:
        """Make the float32 baseline; `measured` is told of what is measured for mixed precision.

        Raises:
            PassError: it cannot be made.
        """
        self._builder, self._study, self._plan = builder, study, plan
        self._gates, self._request, self._measured = gates, request, measured
        (self._engine,) = plan.target.engines
        self._device = builder.device(plan)
        self._space = plugin.part(self._engine, "space")
        self.base, made = builder.attempt(plan, plan.candidates[0])
        if made is None:
            raise PassError(f"{plan.name}: {self.base.failure}")
        self._baseline = Artifact(self._engine, made.artifact)
        floats = [builder.attempt(plan, c)[1] for c in plan.candidates if c.recipe == BASELINE]
        self._narrowed = self._space.narrowed([made.artifact for made in floats if made])

    def search(self, trials: int, deadline: float | None, done: Callable[[Result], None]) -> None:
        """Try what is queued, then so many recipes that were not tried before.

        After `deadline`, by the monotonic clock, only what is queued; `done` is called after every
        trial.
        """
        tried = repeats = 0
        while self._study.waiting() or (
            tried < trials and repeats < PATIENCE and not late(deadline)
        ):
            # What was learned leads to the same proposal again and again: then chance proposes.
            trial = self._study.ask(blindly=repeats > 0)
            try:
                entry = self._try(trial)
            except BaseException:  # an interrupt too
                self._study.drop(trial)
                raise
            if entry is None:
                self._study.drop(trial)
                repeats += 1
                continue
            self._tell(trial, entry)
            repeats = 0
            tried += "candidate" not in trial.user_attrs
            done(entry.result)

    def refine(self, deadline: float | None, done: Callable[[Result], None]) -> None:
        """Try the variants of the best so far, and of the best of recipe `auto`."""
        leaders = (self.judged(self.results()).chosen, self._best_queued())
        for name in dict.fromkeys(filter(None, leaders)):
            options = self.entries()[name].options
            for what, variant in self._space.variants(options, self._narrowed).items():
                if not late(deadline):
                    self._study.enqueue({naming.in_form(name, what): variant})
                    self.search(0, None, done)

    def _best_queued(self) -> str | None:
        """The best of recipe `auto` and its variants; None when none is good enough."""
        queued = {name for name, entry in self.entries().items() if entry.queued}
        results = self.results()
        out = self._rejected(results)
        good = [r for r in results if r.name in queued and r.name not in out]
        return best(good, results[0], self._request.objective).name if good else None

    def _try(self, trial: Any) -> Entry | None:
        """What came of a trial; None when its recipe was tried before."""
        start, known, failure = time.monotonic(), self._study.entries(), ""
        try:
            steps = self._proposed(trial)
        except OWN_FAILURES as error:
            steps, failure = (), str(error)
        if any(entry.steps == steps and (steps or entry.result.failure == failure)
               for entry in known):  # fmt: skip
            return None
        options = dict(trial.params)
        name = trial.user_attrs.get("candidate", f"{options['method']}-{trial.number}")
        candidate = self._candidate(name, steps, noted(options))
        result, made = Result(name=name, recipe="tune", failure=failure), None
        if steps:
            result, made = self._builder.attempt(self._plan, candidate)
        artifact = fingerprint(made.artifact) if made else ""
        if made:
            result = self._timed(result, made, artifact, known)
        return Entry(
            options=options,
            result=result,
            steps=steps,
            artifact=artifact,
            seconds=time.monotonic() - start,
            queued="candidate" in trial.user_attrs,
        )

    def _proposed(self, trial: Any) -> tuple[Step, ...]:
        """The steps of the recipe that a trial picks."""
        mixed = (MIXED,) if self._plan.searches else ()
        method = trial.suggest_categorical("method", (*self._space.METHODS, *mixed))
        if method == MIXED and self._plan.searches:
            what = trial.suggest_categorical("budget", ("size", "time", "both"))
            part = trial.suggest_float("part", 0.05, 1.0, step=0.05)
            assignment = proposal(self._sensitivity, what, part, self._limits)
            (candidate,) = self._plan.searches[0].candidates([assignment])
            return tuple(with_rows(s, self._request.calibration) for s in candidate.steps)

        def pick(name: str, choices: tuple[Any, ...]) -> Any:
            return trial.suggest_categorical(name, self._narrowed.get(name, choices))

        passes = self._space.passes(method, pick)
        return compacted(chain(passes, self._engine, "tune"), self._engine)

    @cached_property
    def _sensitivity(self) -> Sensitivity:
        """Measured once, when the first trial asks for it."""
        return self._builder.sensitivity(self._plan, self._plan.searches[0], self._measured)

    @property
    def _limits(self) -> tuple[float, float]:
        limits, found, float32 = self._request.limits, self._sensitivity, self.results()[0].latency
        seconds = float32.seconds if float32 else found.time
        return loosest(found, limits.max_size, limits.seconds(seconds))

    def _timed(self, result: Result, made: Made, artifact: str, known: Sequence[Entry]) -> Result:
        """The result with its latency beside float32; that of an equal artifact if there is one."""
        for entry in known:
            if entry.artifact == artifact:
                twin = entry.result
                return msgspec.structs.replace(
                    result, latency=twin.latency, failure=twin.failure, same_as=twin.name
                )
        artifacts = {BASELINE: self._baseline, "": Artifact(self._engine, made.artifact)}
        return with_timing(result, self._builder.time(self._device, artifacts)[-1])

    def _tell(self, trial: Any, entry: Entry) -> None:
        """Give the study what it learns from: an artifact made twice counts twice."""
        result = msgspec.structs.replace(entry.result, same_as="")
        good = not self._rejected([self.base, result]).get(result.name)
        measured = NO_GOALS if result.failure else goals(result, self.base)
        self._study.tell(trial, entry, measured, good=good)

    def entries(self) -> dict[str, Entry]:
        """The baseline, then all that was tried, by any process."""
        steps = self._plan.candidates[0].steps
        baseline = Entry(options={"method": BASELINE}, result=self.base, steps=steps)
        return {BASELINE: baseline} | {e.result.name: e for e in self._study.entries()}

    def results(self) -> list[Result]:
        """What was measured, the baseline first."""
        return [entry.result for entry in self.entries().values()]

    def judged(self, results: Sequence[Result]) -> TargetReport:
        """The results with their verdicts, one of them chosen."""
        report, request = TargetReport.of(self._plan, self._device, results), self._request
        return decide(report, self._gates, request.objective, limits=request.limits)

    def _rejected(self, results: Sequence[Result]) -> dict[str, str]:
        """Why each result that is out is out; none may be worse than float32."""
        memory, limits = self._plan.target.limits.memory_mb, self._request.limits
        return reject(results, self._gates, strict=True, memory_mb=memory, limits=limits)

    def leading(self, results: Sequence[Result]) -> list[Result]:
        """The front of what is good enough, the best by the objective first."""
        out, base = self._rejected(results), results[0]
        good = [result for result in results if result.name not in out]
        return sorted(front(good, base), key=lambda r: rank(r, base, self._request.objective))

    def final(self) -> TargetReport:
        """The decision after the best were timed once more, side by side.

        All of recipe `auto` are among them, as `convert` times them: what is chosen is never worse.
        """
        results, entries = self.results(), self.entries()
        queued = [r for r in results if entries[r.name].queued and not (r.failure or r.same_as)]
        finalists = [results[0], *self.leading(results)[:FINALISTS], *queued]
        names = dict.fromkeys(result.name for result in finalists)
        timed = self._timed_once_more({name: self._attempt(name) for name in names})
        results = [with_timing(r, timed.get(r.name, r.latency)) for r in results]
        if results[0].failure:  # there is nothing to compare the others with
            return self.judged(results)
        decided = self.judged([result for result in results if result.name in timed])
        out = self._rejected(results)
        judged = {
            r.name: msgspec.structs.replace(r, verdict=out.get(r.name, good(equal=False)))
            for r in results
        } | {r.name: r for r in decided.results}
        return msgspec.structs.replace(decided, results=tuple(judged.values()))

    def _timed_once_more(
        self, attempts: Mapping[str, tuple[Result, Made | None]]
    ) -> dict[str, Latency | str]:
        """Latencies side by side, or why there is none."""
        artifacts = {BASELINE: self._baseline}
        artifacts |= artifacts_of({name: made for name, (_, made) in attempts.items() if made})
        timings = self._builder.time(self._device, artifacts)
        failures = {name: result.failure for name, (result, made) in attempts.items() if not made}
        return failures | dict(zip(artifacts, timings, strict=True))

    def made(self, name: str) -> Made | None:
        """A trial's artifact and outputs; None where it cannot be made again."""
        return self._attempt(name)[1]

    def _attempt(self, name: str) -> tuple[Result, Made | None]:
        """A trial, taken from the work space or done again."""
        candidate = self._candidate(name, self.entries()[name].steps)
        return self._builder.attempt(self._plan, candidate)

    def _candidate(self, name: str, steps: tuple[Step, ...], note: str = "") -> Candidate:
        return Candidate(name=name, recipe="tune", engine=self._engine, steps=steps, note=note)


def late(deadline: float | None) -> bool:
    """Whether a time of the monotonic clock is over."""
    return deadline is not None and time.monotonic() > deadline

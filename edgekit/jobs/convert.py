"""The main job: a trained model to one proven bundle for each target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edgekit import plugin
from edgekit._version import __version__
from edgekit.candidates.builder import Builder
from edgekit.candidates.choose import OBJECTIVES, decide, shortfall
from edgekit.candidates.passes import begun
from edgekit.candidates.results import Report, TargetReport
from edgekit.data.load import check_data, data_files
from edgekit.device import check_threads
from edgekit.errors import GateError, InputError, PassError, did_you_mean, require
from edgekit.families._base import Family
from edgekit.files.atomic import claimed
from edgekit.jobs.package import refusal, write_bundles, write_report
from edgekit.jobs.places import check_places
from edgekit.machine import capacity
from edgekit.machine.limits import Limits
from edgekit.measure.evaluator import Evaluator
from edgekit.measure.features import Features, check_features
from edgekit.measure.features_child import features_in_child
from edgekit.measure.fidelity import gates_for, unchecked
from edgekit.measure.latency import machine
from edgekit.model import Model
from edgekit.original.describe import described
from edgekit.original.ranges import doubt
from edgekit.original.reference import reference
from edgekit.plan.gate import Gate
from edgekit.plan.plan import TargetPlan, make_plan
from edgekit.plan.request import Request
from edgekit.sources import check_parts, needs, part_files
from edgekit.work.cache import default_cache
from edgekit.work.workspace import Workspace

FEW = 16  # with fewer samples of the user's own, scores depend on which they are
MOST = 1 << 20  # samples, sides, classes
TOOLS = ("tensorflow", "keras", "ai-edge-litert", "litert-quantizer", "openvino", "nncf", "scipy",
         "numpy")  # fmt: skip


class Progress(Protocol):
    """How the pipeline tells what it does."""

    def start(self, steps: int) -> None:
        """The number of steps in all; told again when more turn up."""

    def done(self, what: str) -> None:
        """One step is finished."""


class Silent:
    """No progress shown."""

    def start(self, steps: int) -> None:
        """Nothing."""

    def done(self, what: str) -> None:
        """Nothing."""


class Growing:
    """Progress of a number of steps that grows where more turn up."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._steps = progress or Silent(), 0

    def start(self, steps: int) -> None:
        """The number of steps in all, as far as is known."""
        self._steps = steps
        self._progress.start(steps)

    def done(self, what: str) -> None:
        """One step is finished."""
        self._progress.done(what)

    def further(self, what: str) -> None:
        """One step more than was known is finished."""
        self.start(self._steps + 1)
        self.done(what)


def run(request: Request, progress: Progress | None = None) -> Report:
    """Convert a model for every target; the chosen candidates are written as bundles.

    Returns:
        The report, which is also written to report.json and report.html in the output folder.

    Raises:
        InputError: something asked for is wrong, or a gate has no number for the outputs of this
            net; no candidate was tried.
        GateError: a target has no candidate that meets every gate; carries the report.
        PassError: a target could not be converted at all; the others were.
    """
    plans = check(request)
    with claimed(request.output):
        report = build(request, plans, Growing(progress))
    raise_failures(report)
    return report


def build(request: Request, plans: Sequence[TargetPlan], bar: Growing) -> Report:
    """Make, measure and choose for every target; write the bundles and the report."""
    features, features_name = features_in_child(request.features)
    workspace = Workspace(
        request.cache or default_cache(), reuse=request.reuse, most=request.cache_size
    )
    try:
        bar.start(2 + sum(plan.most + 1 for plan in plans))
        rows = max(request.calibration, *(plan.rows for plan in plans))
        builds = sum(plan.most for plan in plans)
        builder, evaluator = prepare(request, workspace, plans, features, rows, bar, builds)
        gates = gates_for(evaluator.family, request.gates)
        reports, artifacts = [], {}
        for plan in plans:
            judge = partial(verdict, request, plan, gates)
            outcome, made = builder.run(plan, bar.done)
            outcome = builder.settled(judge(outcome), made, judge)
            for search in plan.otherwise:
                if why := shortfall(outcome, gates):
                    outcome = builder.go_on(plan, search, outcome, made, why, judge, bar.further)
            outcome = builder.refine(plan, outcome, made, judge, bar.further)
            bar.done(f"{plan.name}: chosen: {outcome.chosen or 'none'}")
            reports.append(outcome)
            artifacts[plan.name] = made
        report = report_of(request, evaluator, features_name, plans, reports)
        report = write_bundles(request, report, plans, artifacts, evaluator)
        write_report(request, report, artifacts, evaluator)
    finally:
        workspace.stop()
    return report


def prepare(
    request: Request,
    workspace: Workspace,
    plans: Sequence[TargetPlan],
    features: Features | None,
    rows: int,
    progress: Progress,
    builds: int,
) -> tuple[Builder, Evaluator]:
    """Load the model and run the original, with `rows` draws to calibrate on.

    Beside the original the baselines are made, if two jobs may run at once. `builds` is how many
    candidates are to be made from it.

    Raises:
        InputError: the model or its data cannot be used, or a gate does not apply to its outputs.
    """
    folder = described(workspace, request.model, request.given, request.trust)
    model = Model.load(folder)
    scarce = capacity.tight(model.parameters, request.jobs, builds, workspace.root)
    model = model.replace(remarks=(*model.remarks, *scarce))
    loaded = f"loaded: {model.family}, {model.parameters / 1e6:.2f} M parameters"
    progress.done("; ".join([loaded, *scarce]))
    chains = [one.steps for plan in plans for one in plan.baselines if request.jobs > 1]
    with begun(workspace, chains, folder, request.trust):
        truth = run_original(request, workspace, folder, model, rows)
    progress.done("ran the original")
    family: type[Family] = plugin.load("families", model.family).Family
    evaluator = Evaluator(family, model, truth, features)
    check_gates(request, evaluator)
    return Builder(request, workspace, folder, evaluator), evaluator


def report_of(
    request: Request,
    evaluator: Evaluator,
    features: str,
    plans: Sequence[TargetPlan],
    targets: Sequence[TargetReport],
) -> Report:
    """What was asked and measured, on which machine and with what."""
    model, gates = evaluator.model, gates_for(evaluator.family, request.gates)
    left_out = (remark for plan in plans for remark in plan.remarks)
    return Report(
        model=request.model.name,
        family=model.family,
        parameters=model.parameters,
        objective=request.objective,
        samples=evaluator.samples,
        seed=request.seed,
        created=now(),
        gates=tuple(map(str, gates)),
        features=features,
        inputs=request.data or evaluator.family.self_made,
        resampled={} if request.data else evaluator.noise(),
        doubts=tuple(filter(None, [doubt(model)])),
        remarks=(*model.remarks, *left_out, *weaknesses(request, evaluator, gates)),
        machine=machine(),
        tools=tools(),
        targets=tuple(targets),
    )


def weaknesses(request: Request, evaluator: Evaluator, gates: Sequence[Gate]) -> Iterator[str]:
    """What the comparison cannot tell: gates without a number, too little data or range."""
    yield from unchecked(gates, evaluator.of_itself, evaluator.samples)
    if not request.data:
        yield from evaluator.slivers()
    if evaluator.given and evaluator.samples < min(FEW, request.samples or FEW):
        few = f"compared on {evaluator.samples} of {evaluator.given} samples of --data: few"
        yield f"{few}; {FEW} or more are better"


def verdict(
    request: Request, plan: TargetPlan, gates: Sequence[Gate], outcome: TargetReport
) -> TargetReport:
    """The outcome with its decision.

    Recipes that the user named are given as asked; `auto` never gives worse than float32.
    """
    return decide(
        outcome,
        gates,
        request.objective,
        limits=request.limits,
        strict=plan.chooses,
        keep_going=request.keep_going,
    )


def check(request: Request, *, writes: bool = True) -> list[TargetPlan]:
    """Everything that can be refused before work starts; the plan when nothing is.

    `writes`: the output must be free.
    """
    if request.objective not in OBJECTIVES:
        raise InputError(
            f"unknown objective '{request.objective}'; "
            f"{did_you_mean(request.objective, OBJECTIVES)}"
        )
    if (request.samples is not None and request.samples < 2) or request.calibration < 1:
        raise InputError("--samples must be at least 2 and --calibration at least 1")
    if request.seed < 0:
        raise InputError(f"--seed {request.seed} is negative; a seed is 0 or more")
    check_bounds(request)
    if request.given.family:
        plugin.load("families", request.given.family)
    files = part_files(request.model)
    for module in needs(files.values()):
        require(module, "convert")
    plans = make_plan(request.targets, request.recipes, request.engines)
    check_parts(files, request.trust)
    if request.data:
        check_data(request.data)
    if request.features:
        check_features(request.features)
    cache = request.cache or default_cache()
    check_places(request.model, request.output, cache, [plan.name for plan in plans])
    capacity.check(files.values(), cache, request.output)
    for plan in plans:
        if writes and (reason := refusal(request, plan)):
            raise InputError(reason)
    return plans


def check_bounds(request: Request) -> None:
    """Raise InputError for numbers that no machine or net can mean."""
    check_threads(request.threads or 1)
    check_threads(request.jobs, "jobs")
    numbers = {
        "--samples": request.samples,
        "--calibration": request.calibration,
        "--batch-size": request.given.batch,
        "--input-size": max((side for size in request.given.sizes for side in size), default=0),
        "--classes": request.given.classes,
    }
    for option, number in numbers.items():
        if number is not None and number > MOST:
            raise InputError(f"{option} {str(number)[:20]} is too large; at most {MOST}")


def run_original(
    request: Request, workspace: Workspace, folder: Path, model: Model, rows: int
) -> Path:
    """Run the original over the family's loop; the folder holds its inputs and outputs.

    `rows` draws are recorded for calibration.
    """
    data = request.data
    also: dict[str, Any] | None = None
    limits: Limits | None = Limits.of_net(capacity.weight(folder))
    loaded = needs(part_files(request.model).values())
    if data and Path(data).exists():
        also = {"data": [workspace.identity(path.absolute()) for path in data_files(data)]}
    elif data and ":" in data:
        also = {"called": now()}  # what it reads is not known: never taken from the cache
        limits = None  # nor how long the user's own function takes
    return workspace.step(
        reference,
        needs=(*loaded, *request.trust.custom_objects),
        also=also,
        limits=limits,
        model=folder,
        data=data,
        samples=request.samples or enough_samples(model),
        calibration=max(rows, request.given.batch),
        seed=request.seed,
        trust=request.trust,
    )


def check_gates(request: Request, evaluator: Evaluator) -> None:
    """Raise InputError when a gate was asked for that these outputs give no number for.

    Features that fail on these outputs are found here as well, before anything is built.
    """
    measured = evaluator.of_itself
    for gate in request.gates:
        if gate.metric not in measured:
            raise InputError(
                f"gate '{gate}' does not apply to the outputs of this net; "
                f"measured are: {', '.join(sorted(measured))}"
            )


def enough_samples(model: Model) -> int:
    """128 rows, fewer of large outputs, so that they stay near a hundred megabytes in all."""
    values = sum(
        int(np.prod([n or 1 for n in tensor.shape[1:]]))
        for signature in model.signatures.values()
        for tensor in signature.outputs
    )
    return int(np.clip(4_000_000 // max(values, 1), 16, 128))


def raise_failures(report: Report, found: Any = None) -> None:
    """GateError or PassError when a target has no good candidate; with `found`, else the report."""
    failed = [target for target in report.targets if target.failure]
    if not failed:
        return
    unmade = {target.name: unmade_because(target) for target in failed}
    message = "; ".join(unmade[target.name] or target.failure for target in failed)
    if any(unmade.values()):
        raise PassError(message, found or report)
    raise GateError(f"{message}; see the report", found or report)


def unmade_because(target: TargetReport) -> str:
    """Why nothing that may be chosen could be made for a target; empty when something was."""
    if target.baseline is None:
        return target.failure
    failures = [result.failure for result in target.results if result.offered]
    return f"{target.name}: {failures[0]}" if failures and all(failures) else ""


def tools() -> dict[str, str]:
    """Versions of everything that had a hand in the result."""
    found = {"edgekit": __version__}
    for name in TOOLS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def now() -> str:
    """The current time as ISO 8601, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")

"""The second job: a search over recipes for one target, that ends in a recipe for the first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from edgekit import plugin
from edgekit.candidates.results import Result, TargetReport
from edgekit.data.load import data_files
from edgekit.data.npz import read
from edgekit.engines._space import ROWS
from edgekit.errors import InputError, require
from edgekit.jobs.convert import Growing, Progress, check, prepare, raise_failures, report_of, tools
from edgekit.measure.features_child import features_in_child
from edgekit.measure.fidelity import gates_for
from edgekit.measure.latency import machine
from edgekit.plan import target
from edgekit.plan.plan import TargetPlan
from edgekit.plan.request import Request
from edgekit.search.result import DATA, FRONT, PAGE, RECIPE, Tuned, summary, tuned, write
from edgekit.search.study import LOG, Study, check_log, locked
from edgekit.search.trials import MIXED, Trials
from edgekit.work.cache import default_cache
from edgekit.work.code import code_hash
from edgekit.work.keys import identity, tool_version
from edgekit.work.workspace import Workspace

# Options of `convert` that mean nothing here: a search picks recipes and rows, writes no bundle.
CONVERT_ONLY = ("recipe", "calibration", "jobs", "force", "keep_going")


def run(
    request: Request,
    trials: int,
    *,
    resume: bool = False,
    minutes: float | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Search for the best recipe; what is found is written into the output folder all along.

    Args:
        request: the model, one target, and what counts: objective, gates, limits.
        trials: so many recipes are tried after the candidates of recipe `auto`.
        resume: go on with the search that the folder holds.
        minutes: begin no further trial after that time, except the candidates of recipe `auto`.
        progress: is told of every step.

    Raises:
        InputError: something asked for is wrong; nothing was done.
        GateError: no trial meets every gate; its `report` is what would have been returned.
        PassError: the float32 baseline cannot be made, or timed; carries the same, if there is any.
    """
    from edgekit.report.page import page

    bar, start = Growing(progress), time.monotonic()
    plan = check_tuning(request, trials)
    same = identify(request, plan)
    check_free(request.output)
    check_log(request.output, same, resume=resume)
    features, features_name = features_in_child(request.features)
    workspace = Workspace(
        request.cache or default_cache(), reuse=request.reuse, most=request.cache_size
    )
    try:
        builds = len(plan.candidates) + trials
        bar.start(3 + builds)
        builder, evaluator = prepare(request, workspace, [plan], features, max(ROWS), bar, builds)
        seeds = plugin.part(plan.target.engines[0], "space").SEEDS
        queue = {c.name: seeds[c.name] for c in plan.candidates if c.name in seeds}
        study = Study(request.output, same, queue, request.seed)
        gates = gates_for(evaluator.family, request.gates)
        search = Trials(builder, study, plan, gates, request, bar.further)

        def save(judge: Callable[[], TargetReport]) -> Tuned:
            with locked(request.output):  # from the first look: no process writes what is older
                judged = judge()
                report = report_of(request, evaluator, features_name, [plan], [judged])
                leading = [result.name for result in search.leading(judged.results)]
                found = tuned(report, leading, search.entries(), request.output)
                made = judged.chosen and search.made(judged.chosen)
                outputs = {plan.name: lambda: read(made.trial / "outputs.npz")} if made else {}
                html = page(
                    report,
                    evaluator.family,
                    evaluator.model,
                    evaluator.draws,
                    evaluator.outputs,
                    outputs,
                )
                write(found, request.output, html)
            return found

        def told(result: Result, tell: Callable[[str], None] = bar.done) -> None:
            save(lambda: search.judged(search.results()))
            tell(f"{result.name}: {summary(result, search.base)}")

        bar.start(3 + study.waiting() + trials)
        deadline = minutes and start + 60 * minutes
        search.search(trials, deadline, told)
        search.refine(deadline, lambda result: told(result, bar.further))
        found = save(search.final)
        bar.done(f"chosen: {found.target.chosen or 'none'}")
    finally:
        workspace.stop()
    raise_failures(found.report, found)
    return found


def check_tuning(request: Request, trials: int) -> TargetPlan:
    """Everything that can be refused before work starts; else the plan of recipe `auto`.

    A search is on one engine: of a target that has several, on the first.
    """
    require("optuna", "convert")
    if len(request.targets) != 1:
        raise InputError("a search is for one target; make another for the next")
    if trials < 0:
        raise InputError(f"--trials {trials} is negative")
    engine, *others = target.load(request.targets[0], request.engines).engines
    plugin.part(engine, "space")
    mixed = (MIXED,) if plugin.has_part(engine, "precision") else ()
    asked = msgspec.structs.replace(request, recipes=("auto", *mixed), engines=(engine,))
    (plan,) = check(asked, writes=False)
    remarks = [f"searched on {engine} only; --engine {other} searches on {other}"
               for other in others]  # fmt: skip
    return msgspec.structs.replace(plan, remarks=(*plan.remarks, *remarks))


def check_options(names: Iterable[str]) -> None:
    """Raise InputError for an option that says what a conversion tries or writes."""
    for name in names:
        if name in CONVERT_ONLY:
            raise InputError(f"'{name}' is not an option of tune; leave it out")


def check_free(output: Path) -> None:
    """Raise InputError where the files of a search would replace others."""
    there = [name for name in (RECIPE, FRONT, DATA, PAGE) if (output / name).exists()]
    if there and not (output / LOG).exists():
        raise InputError(
            f"'{output}' holds {' and '.join(there)} of something else; choose another -o"
        )


def identify(request: Request, plan: TargetPlan) -> dict[str, str]:
    """What must be the same for trials to be compared: as text, files and modules by their hash."""

    def content(spec: str | Path | None) -> Any:
        if spec is None:
            return None
        if Path(spec).exists():
            # No file is inside the work space that the null device is.
            return identity(Path(spec).absolute(), Path("/dev/null"))
        return [spec, tool_version(str(spec).partition(":")[0])]

    used = [content(path) for path in data_files(request.data)] if request.data else []
    material = {f"version of {name}": version for name, version in tools().items()} | {
        "model": content(request.model),
        "description of the model": [request.given, request.trust],
        "module of --custom-objects": [tool_version(m) for m in request.trust.custom_objects],
        "target": plan.target,
        "data": used or content(request.data),
        "number of samples": request.samples,
        "seed": request.seed,
        "number of threads": request.threads,
        "feature net": content(request.features),
        "version of edgekit": code_hash("edgekit.jobs.tune", plan.target.engines[0]),
        "machine": machine(),
    }
    encode = msgspec.json.Encoder(enc_hook=str, order="deterministic").encode
    return {name: encode(value).decode() for name, value in material.items()}

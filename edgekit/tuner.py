"""The second job: a search over recipes for one target, that ends in a recipe for the first."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from edgekit import plugin, target
from edgekit.compare import gates_for
from edgekit.errors import InputError, require
from edgekit.features import load_features
from edgekit.npz import read
from edgekit.pipeline import Progress, Silent, check, prepare, raise_failures, report_of
from edgekit.plan import TargetPlan
from edgekit.report import Result, TargetReport
from edgekit.request import Request
from edgekit.study import Study, check_log, locked
from edgekit.trials import MIXED, Trials
from edgekit.tuned import Tuned, summary, tuned, write
from edgekit.tuning import ROWS
from edgekit.workspace import Workspace, code_hash, default_cache, identity


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
        GateError: no trial meets every gate; carries the report.
        PassError: the float32 baseline cannot be made.
    """
    from edgekit.report.page import page

    progress, start = progress or Silent(), time.monotonic()
    plan = check_tuning(request, trials)
    same = identify(request, plan)
    check_log(request.output, same, resume=resume)
    features, features_name = load_features(request.features)
    workspace = Workspace(request.cache or default_cache(), reuse=request.reuse)
    try:
        progress.start(3 + len(plan.candidates) + trials)
        bench, proof = prepare(request, workspace, features, max(ROWS), progress)
        seeds = plugin.load("tuning", plan.target.engine).SEEDS
        queue = {c.name: seeds[c.name] for c in plan.candidates if c.name in seeds}
        study = Study(request.output, same, queue, request.seed)
        search = Trials(bench, study, plan, gates_for(proof.family, request.gates), request)

        def save(judged: TargetReport) -> Tuned:
            report = report_of(request, proof, features_name, [plan], [judged])
            leading = [result.name for result in search.leading(judged.results)]
            found = tuned(report, leading, search.entries(), request.output)
            made = judged.chosen and search.made(judged.chosen)
            outputs = {plan.name: lambda: read(made.trial / "outputs.npz")} if made else {}
            html = page(report, proof.family, proof.model, proof.draws, proof.outputs, outputs)
            with locked(request.output):
                write(found, request.output, html)
            return found

        def done(result: Result) -> None:
            save(search.judged(search.results()))
            progress.done(f"{result.name}: {summary(result, search.base)}")

        progress.start(3 + study.waiting() + trials)
        deadline = minutes and start + 60 * minutes
        search.search(trials, deadline, done)
        search.refine(deadline, done)
        found = save(search.final())
        progress.done(f"chosen: {found.target.chosen or 'none'}")
    finally:
        workspace.stop()
    raise_failures(found.report)
    return found


def check_tuning(request: Request, trials: int) -> TargetPlan:
    """Everything that can be refused before work starts; else the plan of recipe `auto`."""
    require("optuna", "convert")
    if len(request.targets) != 1:
        raise InputError("a search is for one target; make another for the next")
    if trials < 0:
        raise InputError(f"--trials {trials} is negative")
    engine = target.load(request.targets[0]).engine
    plugin.load("tuning", engine)
    mixed = (MIXED,) if engine in plugin.names("mixed") else ()
    asked = msgspec.structs.replace(request, recipes=("auto", *mixed))
    (plan,) = check(asked, writes=False)
    return plan


def identify(request: Request, plan: TargetPlan) -> dict[str, str]:
    """What must be the same for trials to be compared: as text, files by their hash."""

    def files(path: str | Path | None) -> Any:
        # No file is inside the work space that the null device is.
        exists = path is not None and Path(path).exists()
        return identity(Path(path).absolute(), Path("/dev/null")) if exists and path else path

    material = {
        "model": files(request.model),
        "description of the model": [request.given, request.trust],
        "target": plan.target,
        "data": files(request.data),
        "number of samples": request.samples,
        "seed": request.seed,
        "number of threads": request.threads,
        "set of gates or limits": [request.gates, request.limits],
        "feature net": files(request.features),
        "version of edgekit": code_hash(),
    }
    encode = msgspec.json.Encoder(enc_hook=str, order="deterministic").encode
    return {name: encode(value).decode() for name, value in material.items()}

"""The main job: a trained model to one proven bundle for each target."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgekit import choose, plugin
from edgekit._version import __version__
from edgekit.bundle import FORMAT, GOLDEN, Manifest, atomic_folder, describe_files, write_manifest
from edgekit.compare import Gate, gates_for, relative_error, score
from edgekit.describe import NEEDS as DESCRIBE_NEEDS
from edgekit.describe import Given
from edgekit.errors import EdgekitError, GateError, InputError, PassError, did_you_mean
from edgekit.families._base import Family
from edgekit.features import Features, load_features
from edgekit.measure import Latency, Trial, machine
from edgekit.model import Model
from edgekit.plan import Candidate, TargetPlan, make_plan
from edgekit.recipe import find as find_recipe
from edgekit.reference import NEEDS as REFERENCE_NEEDS
from edgekit.report import Report, Result, TargetReport
from edgekit.sources import Trust, part_files
from edgekit.typed import Typed
from edgekit.workspace import Workspace, default_cache

Arrays = dict[str, NDArray[Any]]
FLOAT_TOLERANCE = 1e-4  # relative: lowering in float32 only reorders sums
GOLDEN_ROWS = 4
TOOLS = ("tensorflow", "keras", "ai-edge-litert", "litert-quantizer", "openvino", "nncf", "numpy")


class Request(Typed):
    """Everything that can be asked of a conversion.

    `samples` rows are compared, `calibration` rows calibrate. `seconds` is the time that latency
    is measured for each candidate. `threads` None takes the target's, as far as this machine has
    them. `cache` None is the user's cache folder.
    """

    model: Path
    targets: tuple[str, ...]
    output: Path
    recipes: tuple[str, ...] = ("auto",)
    given: Given = Given()
    data: str | None = None
    samples: int = 128
    calibration: int = 64
    seed: int = 0
    gates: tuple[str, ...] = ()
    objective: str = "balanced"
    features: str | None = None
    threads: int | None = None
    seconds: float = 0.6
    force: bool = False
    keep_going: bool = False
    trust: Trust = Trust()
    cache: Path | None = None
    reuse: bool = True
    jobs: int = 2

    @staticmethod
    def of(
        model: str | os.PathLike[str],
        *,
        targets: Sequence[str],
        output: str | os.PathLike[str],
        recipe: str | Sequence[str] = "auto",
        **options: Any,
    ) -> Request:
        """A request from Python: fields of `Given` and `Trust` are given by their own names.

        Raises:
            InputError: an unknown option or a value of the wrong type.
        """
        groups: dict[str, Any] = {"given": Given, "trust": Trust}
        fields: dict[str, Any] = {}
        for name, value in options.items():
            owner = next((g for g, kind in groups.items() if name in kind.__struct_fields__), None)
            if owner:
                fields.setdefault(owner, {})[name] = value
            elif name in Request.__struct_fields__ and name not in groups:
                fields[name] = value
            else:
                known = {f for kind in (Request, Given, Trust) for f in kind.__struct_fields__}
                raise InputError(f"unknown option '{name}'; {did_you_mean(name, known)}")
        recipes = (recipe,) if isinstance(recipe, str) else tuple(recipe)
        for owner, values in fields.items():
            if owner in groups:
                fields[owner] = groups[owner](**values)
        return Request(
            model=Path(model),
            targets=tuple(targets),
            output=Path(output),
            recipes=recipes,
            **fields,
        )


class Progress(Protocol):
    """How the pipeline tells what it does."""

    def start(self, steps: int) -> None:
        """The number of steps to come."""

    def done(self, what: str) -> None:
        """One step is finished."""


class Silent:
    """No progress shown."""

    def start(self, steps: int) -> None:
        """Nothing."""

    def done(self, what: str) -> None:
        """Nothing."""


def run(request: Request, progress: Progress | None = None) -> Report:
    """Convert a model for every target; the chosen candidates are written as bundles.

    Returns:
        The report, which is also written to report.json and report.html in the output folder.

    Raises:
        InputError: something asked for is wrong; nothing was done.
        GateError: a target has no candidate that meets every gate; carries the report.
        PassError: a target could not be converted at all; the others were.
    """
    progress = progress or Silent()
    plans = check(request)
    features, features_name = load_features(request.features)
    workspace = Workspace(request.cache or default_cache(), reuse=request.reuse)
    try:
        progress.start(2 + sum(len(plan.candidates) + 1 for plan in plans))
        described = describe(request, workspace)
        model = Model.load(described)
        progress.done(f"loaded: {model.family}, {model.parameters / 1e6:.2f} M parameters")
        truth = reference(request, workspace, described, model)
        progress.done("ran the original")
        family: type[Family] = plugin.load("families", model.family).Family
        gates = gates_for(family, request.gates)
        proof = Proof(family, model, truth, features)
        reports, artifacts = [], {}
        for plan in plans:
            outcome, made = candidates(request, workspace, plan, described, proof, progress)
            outcome = decide(request, plan, outcome, gates)
            progress.done(f"{plan.name}: {outcome.chosen or 'none chosen'}")
            reports.append(outcome)
            artifacts[plan.name] = made
        report = Report(
            model=request.model.name,
            family=model.family,
            parameters=model.parameters,
            objective=request.objective,
            samples=request.samples,
            seed=request.seed,
            created=now(),
            gates=tuple(map(str, gates)),
            features=features_name,
            remarks=model.remarks,
            machine=machine(),
            tools=tools(),
            targets=tuple(reports),
        )
        report = write_bundles(request, report, plans, artifacts, proof)
        write_report(request, report, artifacts, proof)
    finally:
        workspace.stop()
    raise_failures(report)
    return report


def check(request: Request) -> list[TargetPlan]:
    """Everything that can be refused before work starts; the plan when nothing is."""
    if request.objective not in choose.OBJECTIVES:
        raise InputError(
            f"unknown objective '{request.objective}'; "
            f"{did_you_mean(request.objective, choose.OBJECTIVES)}"
        )
    if request.samples < 2 or request.calibration < 1:
        raise InputError("--samples must be at least 2 and --calibration at least 1")
    if request.given.family:
        plugin.load("families", request.given.family)
    gates_for(Family, request.gates)
    part_files(request.model)
    plans = make_plan(request.targets, request.recipes)
    if request.output.exists() and not request.output.is_dir():
        raise InputError(f"'{request.output}' is a file; choose another output folder")
    for plan in plans:
        place = request.output / plan.name
        if place.exists() and not request.force:
            raise InputError(f"'{place}' exists; choose another -o or pass --force to replace it")
    return plans


def describe(request: Request, workspace: Workspace) -> Path:
    """Load and describe the model; the folder holds it as kind `keras`."""
    return workspace.step(
        "edgekit.describe:describe",
        needs=(*DESCRIBE_NEEDS, *request.trust.custom_objects),
        source=request.model.absolute(),
        given=request.given,
        trust=request.trust,
    )


def reference(request: Request, workspace: Workspace, described: Path, model: Model) -> Path:
    """Run the original over the family's loop; the folder holds its inputs and outputs."""
    data = request.data
    also, needs = None, (*REFERENCE_NEEDS, *request.trust.custom_objects)
    if data and Path(data).exists():
        also = {"data": workspace.identity(Path(data).absolute())}
    elif data and ":" in data:
        needs = (*needs, data.split(":")[0])
    return workspace.step(
        "edgekit.reference:reference",
        needs=needs,
        also=also,
        model=described,
        data=data,
        samples=request.samples,
        calibration=request.calibration,
        seed=request.seed,
        trust=request.trust,
    )


class Proof:
    """The original's inputs and outputs, and what compares candidates to them."""

    def __init__(
        self, family: type[Family], model: Model, folder: Path, features: Features | None
    ) -> None:
        self.family, self.model, self.folder, self.features = family, model, folder, features
        self.draws = arrays(folder / "draws.npz")
        self.outputs = arrays(folder / "outputs.npz")

    def score(self, outputs: Mapping[str, NDArray[Any]]) -> dict[str, float]:
        """Every metric of a candidate's outputs against the original's."""
        return score(self.family, self.model, self.outputs, outputs, self.features)


class Made(Typed):
    """A candidate that was built and run: where its model and its outputs are."""

    artifact: Path
    trial: Path


def candidates(
    request: Request,
    workspace: Workspace,
    plan: TargetPlan,
    described: Path,
    proof: Proof,
    progress: Progress,
) -> tuple[TargetReport, dict[str, Made]]:
    """Build, run and time every candidate of a target; failures are collected, not raised."""
    threads = request.threads or max(1, min(plan.target.threads, os.cpu_count() or 1))
    engine = plan.target.engine

    def build(candidate: Candidate) -> tuple[Result, Made | None]:
        result = Result(
            name=candidate.name,
            recipe=candidate.recipe,
            offered=candidate.offered,
            steps=tuple(step.name for step in candidate.steps),
        )
        try:
            made = build_and_try(request, workspace, plan, candidate, described, proof, threads)
            return measured(result, candidate, made, proof), made
        except EdgekitError as error:
            return msgspec.structs.replace(result, failure=str(error)), None
        finally:
            progress.done(f"{plan.name}: {candidate.name}")

    with ThreadPoolExecutor(request.jobs) as pool:
        try:
            outcomes = list(pool.map(build, plan.candidates))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            workspace.stop()
            raise
    built = {result.name: made for result, made in outcomes if made}
    alive = [result for result, _ in outcomes if not result.failure]
    timings: dict[str, Latency] = {}
    if alive and alive[0].name == plan.candidates[0].name:
        timings = time_candidates(request, workspace, engine, threads, built, alive)
    results = tuple(
        msgspec.structs.replace(result, latency=timings.get(result.name)) for result, _ in outcomes
    )
    return TargetReport(
        name=plan.name,
        description=plan.target.description,
        engine=engine,
        threads=threads,
        results=results,
    ), built


def build_and_try(
    request: Request,
    workspace: Workspace,
    plan: TargetPlan,
    candidate: Candidate,
    described: Path,
    proof: Proof,
    threads: int,
) -> Made:
    """Run a candidate's passes one after another, then its artifact on the original's inputs."""
    folder = described
    for step in candidate.steps:
        folder = workspace.step(
            "edgekit.passes._run:run_pass",
            needs=(*step.load().NEEDS, *request.trust.custom_objects),
            name=step.name,
            options=step.options,
            source=folder,
            calibration=proof.folder / "calibration.npz" if step.calibrates else None,
            trust=request.trust,
        )
    tried = workspace.step(
        "edgekit.measure:trial",
        needs=(plan.target.engine.replace("litert", "ai_edge_litert"),),
        artifact=folder,
        engine=plan.target.engine,
        draws=proof.folder / "draws.npz",
        threads=threads,
    )
    return Made(artifact=folder, trial=tried)


def measured(result: Result, candidate: Candidate, made: Made, proof: Proof) -> Result:
    """The result with what the trial told; raises PassError when float32 is not the original."""
    told = msgspec.json.decode((made.trial / "result.json").read_bytes(), type=Trial)
    outputs = arrays(made.trial / "outputs.npz")
    error = relative_error(proof.outputs, outputs)
    if candidate.name == "float32" and error > FLOAT_TOLERANCE:
        raise PassError(
            f"{candidate.steps[-1].name}: the float32 artifact differs from the original by "
            f"{error:.2g} (relative), more than {FLOAT_TOLERANCE:g}: the lowering is wrong"
        )
    return msgspec.structs.replace(
        result,
        size=artifact_size(made.artifact),
        memory=told.memory,
        load_seconds=told.load_seconds,
        delegated=told.delegated,
        fallbacks=told.fallbacks,
        scores=proof.score(outputs),
    )


def time_candidates(
    request: Request,
    workspace: Workspace,
    engine: str,
    threads: int,
    built: Mapping[str, Made],
    alive: Sequence[Result],
) -> dict[str, Latency]:
    """Latencies of all candidates that ran, measured side by side in one process."""
    told = workspace.call(
        "edgekit.measure:latency",
        artifacts=[built[result.name].artifact for result in alive],
        engine=engine,
        threads=threads,
        seconds=request.seconds * len(alive),
    )
    timings = msgspec.convert(told, list[Latency])
    return {result.name: timing for result, timing in zip(alive, timings, strict=True)}


def decide(
    request: Request, plan: TargetPlan, report: TargetReport, gates: Sequence[Gate]
) -> TargetReport:
    """Give every result its verdict, and the target its chosen candidate."""
    results = list(report.results)
    if results[0].failure:
        failure = f"{plan.name}: {results[0].failure}"
        verdicts = {r.name: r.failure or "no float32 baseline to compare with" for r in results}
        return with_verdicts(report, verdicts, None, failure)
    strict = sum(result.offered for result in results) > 1
    out = choose.reject(results, gates, strict=strict)
    left = [result for result in results if result.name not in out]
    failure = ""
    if not left:
        made = [result for result in results if result.offered and not result.failure]
        failure = f"{plan.name}: no candidate is good enough ({nearest(made, out)})"
        left = made if request.keep_going else []
    chosen = choose.best(left, results[0], request.objective).name if left else None
    verdicts = {r.name: out.get(r.name, "good, another is better") for r in results}
    if chosen:
        verdicts[chosen] = "chosen" + (f", although {out[chosen]}" if chosen in out else "")
    return with_verdicts(report, verdicts, chosen, failure)


def nearest(made: Sequence[Result], out: Mapping[str, str]) -> str:
    """The reason of the candidate that came nearest, for the error line."""
    if not made:
        return "every candidate failed"
    best = max(made, key=lambda result: result.scores.get("sqnr", 0.0))
    return f"nearest: {best.name}, {out[best.name]}"


def with_verdicts(
    report: TargetReport, verdicts: Mapping[str, str], chosen: str | None, failure: str
) -> TargetReport:
    """The report of a target with its decision filled in."""
    results = tuple(
        msgspec.structs.replace(result, verdict=verdicts[result.name]) for result in report.results
    )
    return msgspec.structs.replace(report, results=results, chosen=chosen, failure=failure)


def write_bundles(
    request: Request,
    report: Report,
    plans: Sequence[TargetPlan],
    artifacts: Mapping[str, Mapping[str, Made]],
    proof: Proof,
) -> Report:
    """Write a bundle for every target that has a chosen candidate."""
    written = []
    for plan, target in zip(plans, report.targets, strict=True):
        chosen = target.result(target.chosen)
        if chosen is None:
            written.append(target)
            continue
        made = artifacts[plan.name][chosen.name]
        place = request.output / plan.name
        with atomic_folder(place, force=request.force) as folder:
            fill_bundle(folder, request, report, plan, chosen, made, proof)
        written.append(msgspec.structs.replace(target, bundle=str(place)))
    return msgspec.structs.replace(report, targets=tuple(written))


def fill_bundle(
    folder: Path,
    request: Request,
    report: Report,
    plan: TargetPlan,
    chosen: Result,
    made: Made,
    proof: Proof,
) -> None:
    """The files of one bundle, its manifest last."""
    model = Model.load(made.artifact)
    for file in model.files.values():
        for path in (made.artifact / file, (made.artifact / file).with_suffix(".bin")):
            if path.is_file():
                (folder / path.name).write_bytes(path.read_bytes())
    (folder / "recipe.toml").write_bytes(find_recipe(chosen.recipe).read_bytes())
    outputs = arrays(made.trial / "outputs.npz")
    groups = {"draws": proof.draws, "original": proof.outputs, "artifact": outputs}
    golden = {
        f"{group}/{name}": rows[:GOLDEN_ROWS]
        for group, named in groups.items()
        for name, rows in named.items()
    }
    np.savez_compressed(folder / GOLDEN, **golden)  # type: ignore[arg-type]
    base = plan.candidates[0].name
    manifest = Manifest(
        format=FORMAT,
        name=request.model.stem,
        engine=plan.target.engine,
        target=plan.name,
        recipe=chosen.name,
        model=model,
        files=describe_files(folder),
        threads=plan.target.threads,
        gates={g: b for g, b in (split_gate(gate) for gate in report.gates)},
        measured={
            "size": chosen.size,
            "memory": chosen.memory,
            "latency": msgspec.to_builtins(chosen.latency),
            "baseline": base,
            "scores": chosen.scores,
            "verdict": chosen.verdict,
            "machine": report.machine,
        },
        tools=report.tools,
        created=report.created,
    )
    write_manifest(folder, manifest)


def split_gate(text: str) -> tuple[str, str]:
    """`psnr>=30` as ("psnr", ">=30")."""
    cut = next(k for k, letter in enumerate(text) if letter in "<>")
    return text[:cut], text[cut:]


def write_report(
    request: Request,
    report: Report,
    artifacts: Mapping[str, Mapping[str, Made]],
    proof: Proof,
) -> None:
    """report.json and report.html in the output folder."""
    from edgekit.report.page import page

    request.output.mkdir(parents=True, exist_ok=True)
    report.save(request.output / "report.json")
    outputs: dict[str, Callable[[], Arrays]] = {}
    for target in report.targets:
        shown = target.chosen or (target.baseline.name if target.baseline else None)
        made = artifacts[target.name].get(shown or "")
        if made:
            outputs[target.name] = lambda made=made: arrays(made.trial / "outputs.npz")  # type: ignore[misc]
    html = page(report, proof.family, proof.model, proof.draws, proof.outputs, outputs)
    (request.output / "report.html").write_text(html, encoding="utf-8")


def raise_failures(report: Report) -> None:
    """GateError or PassError when a target has no good candidate."""
    failed = [target for target in report.targets if target.failure]
    if not failed:
        return
    message = "; ".join(target.failure for target in failed)
    if any(target.baseline is None for target in failed):
        raise PassError(message)
    raise GateError(f"{message}; relax a gate (--gate psnr>=25) or see report.html", report)


def arrays(path: Path) -> Arrays:
    """The arrays of an npz file."""
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def artifact_size(folder: Path) -> int:
    """Bytes of the artifacts in a model folder."""
    return sum(
        path.stat().st_size for path in folder.iterdir() if path.suffix in (".tflite", ".xml", ".bin")
    )


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

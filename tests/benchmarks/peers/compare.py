"""Builds, runs and times edgekit's choice and every tool's artifact on one net."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from edgekit import plugin
from edgekit.bundle.opened import opened
from edgekit.bundle.pack import pack, stored_sizes
from edgekit.bundle.reading import read_manifest
from edgekit.device import Device
from edgekit.engines._formats import artifact_size, artifacts
from edgekit.errors import EdgekitError, EngineError
from edgekit.jobs import convert as pipeline
from edgekit.measure import latency as measure
from edgekit.measure.evaluator import Evaluator
from edgekit.measure.features import load_features
from edgekit.measure.latency import Latency
from edgekit.model import Model
from edgekit.original.describe import described as describe_step
from edgekit.passes._run import run_pass
from edgekit.plan.request import Request
from edgekit.work.workspace import Workspace
from tests.benchmarks.peers import tools

BASELINE = {engine: next(iter(known)) for engine, known in tools.TOOLS.items()}
TARGETS = {"litert": "linux-litert", "openvino": "linux-openvino"}
SECONDS = 0.3  # of timing, for each artifact
FREE_SUFFIX = ", free batch"


class Row(msgspec.Struct):
    """One artifact: bytes, decibels against the original, and latencies as ratios.

    `packed` are the bytes as edgekit's bundles store them: its own are, those of others are not.
    `against` holds, for each number of threads, how long it takes beside edgekit's choice: the
    median of paired turns, and the bounds that hold it with 95 % confidence.
    """

    tool: str
    size: int = 0
    packed: int = 0
    psnr: float = 0.0
    against: dict[int, tuple[float, float, float]] = {}
    failure: str = ""


class Duel(msgspec.Struct):
    """All artifacts of one net on one engine, edgekit's choice (made for one thread) last."""

    net: str
    engine: str
    chosen: str
    threads: list[int]
    rows: list[Row]


def duels(
    net: Path, options: Mapping[str, Any], work: Path, threads: Sequence[int], free: bool
) -> list[Duel]:
    """Compare on every engine. `free`: also try the exports that leave the batch size open."""
    request = Request.of(
        net, targets=list(TARGETS.values()), output=work / "out", cache=work / "cache", **options
    )
    workspace = Workspace(work / "cache")
    described = describe_step(workspace, request.model, request.given, request.trust)
    model = Model.load(described)
    truth = pipeline.run_original(request, workspace, described, model, request.calibration)
    family = plugin.load("families", model.family).Family
    evaluator = Evaluator(family, model, truth, load_features(None)[0])
    saved = exported(request, workspace, described)
    with ThreadPoolExecutor(len(TARGETS)) as pool:  # what is not timed goes side by side
        list(pool.map(lambda engine: built(workspace, engine, saved, evaluator), TARGETS))
    return [
        duel(net.stem, engine, request, workspace, described, evaluator, threads, free)
        for engine in TARGETS
    ]


def duel(
    net: str,
    engine: str,
    request: Request,
    workspace: Workspace,
    described: Path,
    evaluator: Evaluator,
    threads: Sequence[int],
    free: bool,
) -> Duel:
    """Compare on one engine."""
    made = built(workspace, engine, exported(request, workspace, described), evaluator)
    if free and engine == "litert":
        opened = workspace.step(tools.export_free, described=described)
        made |= built(workspace, engine, opened, evaluator, tools.FREE_BATCH)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = dict(zip(made, pool.map(
            lambda tool: measured(workspace, tool, made[tool], engine, evaluator), made
        ), strict=True))  # fmt: skip
    chosen, folder = choice(request, engine)
    mine = measured(workspace, tools.EDGEKIT, folder, engine, evaluator)
    if mine.failure or rows[BASELINE[engine]].failure:
        raise EngineError(f"{net} on {engine}: {mine.failure or rows[BASELINE[engine]].failure}")
    good = {tool: path for tool, path in made.items() if not rows[tool].failure}
    for count in threads:
        for tool, latency in timed(workspace, engine, count, folder, good).items():
            if isinstance(latency, str):
                rows[tool].failure = latency
            else:
                rows[tool].against[count] = (latency.ratio, latency.ratio_low, latency.ratio_high)
        mine.against[count] = (1.0, 1.0, 1.0)
    return Duel(net, engine, chosen, list(threads), [*rows.values(), mine])


def exported(request: Request, workspace: Workspace, described: Path) -> Path:
    """The folder of the net as SavedModels, with static shapes."""
    return workspace.step(
        run_pass, name="export", engine="", options={}, source=described,
        calibration=None, trust=request.trust,
    )  # fmt: skip


def built(
    workspace: Workspace, engine: str, saved: Path, evaluator: Evaluator, used: Iterable[str] = ()
) -> dict[str, Path | str]:
    """For each tool the folder with its artifacts, or why there is none."""
    names = list(used or tools.TOOLS[engine])
    folder = workspace.step(
        tools.make,
        names=names,
        engine=engine,
        saved=saved,
        calibration=evaluator.folder / "calibration.npz",
    )
    found: dict[str, Path | str] = {}
    for number, name in enumerate(names):
        error = folder / str(number) / "error.txt"
        found[name] = error.read_text() if error.is_file() else error.parent
    return found


def choice(request: Request, engine: str) -> tuple[str, Path]:
    """What edgekit converts to on one thread: the recipe's name and a model folder."""
    output = request.output / engine
    asked = msgspec.structs.replace(
        request, targets=(TARGETS[engine],), output=output, threads=1, seconds=SECONDS
    )
    report = pipeline.run(asked)
    bundle = output / TARGETS[engine]
    manifest = read_manifest(bundle)
    artifact = manifest.artifacts[0]
    model, folder = manifest.model(artifact), output / "model"
    with opened(bundle, manifest, artifact) as place:
        shutil.copytree(place, folder)
    model.save(folder)
    return str(report.targets[0].chosen), folder


def measured(
    workspace: Workspace, tool: str, made: Path | str, engine: str, evaluator: Evaluator
) -> Row:
    """Size and fidelity of one artifact."""
    if isinstance(made, str):
        return Row(tool=tool, failure=made)
    try:
        trial = workspace.step(
            measure.trial,
            artifact=made,
            engine=engine,
            draws=evaluator.folder / "draws.npz",
            device=Device(),
        )
    except EdgekitError as error:
        return Row(tool=tool, failure=str(error))
    names = [path.name for path in artifacts(made, Model.load(made))]
    packed = workspace.step(pack, folder=made, names=names)
    return Row(
        tool=tool,
        size=artifact_size(made),
        packed=sum(stored_sizes(packed).values()),
        psnr=evaluator.score(trial)["psnr"],
    )


def timed(
    workspace: Workspace, engine: str, threads: int, mine: Path, others: Mapping[str, Any]
) -> dict[str, Latency | str]:
    """Latencies beside edgekit's choice, in turns in one process; one by one if that fails."""

    def together(names: Sequence[str]) -> list[Latency]:
        told = workspace.call(
            measure.latency,
            artifacts=[mine, *(others[name] for name in names)],
            engines=[engine] * (1 + len(names)),
            device=Device(threads=min(threads, os.cpu_count() or 1)),
            seconds=SECONDS * (len(names) + 1),
        )
        return msgspec.convert(told, list[Latency])[1:]

    try:
        return dict(zip(others, together(list(others)), strict=True))
    except EdgekitError:
        found: dict[str, Latency | str] = {}
        for name in others:
            try:
                found[name] = together([name])[0]
            except EdgekitError as error:
                found[name] = str(error)
        return found

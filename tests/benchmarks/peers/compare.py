"""Builds, runs and times edgekit's choice and every tool's artifact on one net."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from edgekit import pipeline, plugin
from edgekit.artifacts import artifact_size, artifacts
from edgekit.bundle import read_manifest, sha256
from edgekit.errors import EdgekitError
from edgekit.features import load_features
from edgekit.measure import Latency
from edgekit.model import Model
from edgekit.proof import Proof
from edgekit.request import Request
from edgekit.workspace import Workspace
from tests.benchmarks.peers import tools

EDGEKIT = "edgekit"
TARGETS = {"litert": "linux-litert", "openvino": "intel-cpu"}
FREE_SUFFIX = ", free batch"


class Row(msgspec.Struct):
    """One artifact: bytes, decibels against the original, and latencies as ratios.

    `against` holds, for each number of threads, how long it takes beside edgekit's choice: the
    median of paired turns, and the bounds that hold it with 95 % confidence.
    """

    tool: str
    size: int = 0
    psnr: float = 0.0
    against: dict[int, tuple[float, float, float]] = {}
    failure: str = ""


class Duel(msgspec.Struct):
    """All artifacts of one net on one engine, edgekit's choice for each number of threads first."""

    net: str
    engine: str
    chosen: dict[int, str]
    rows: list[Row]


def duels(
    net: Path, options: Mapping[str, Any], work: Path, threads: Sequence[int], free: bool
) -> list[Duel]:
    """Compare on every engine. `free`: also try the exports that leave the batch size open."""
    request = Request.of(
        net, targets=list(TARGETS.values()), output=work / "out", cache=work / "cache", **options
    )
    workspace = Workspace(work / "cache")
    described = pipeline.describe(request, workspace)
    model = Model.load(described)
    truth = pipeline.reference(request, workspace, described, model, request.calibration)
    family = plugin.load("families", model.family).Family
    proof = Proof(family, model, truth, load_features(None)[0])
    return [
        duel(net.stem, engine, request, workspace, described, proof, threads, free)
        for engine in TARGETS
    ]


def duel(
    net: str,
    engine: str,
    request: Request,
    workspace: Workspace,
    described: Path,
    proof: Proof,
    threads: Sequence[int],
    free: bool,
) -> Duel:
    """Compare on one engine."""
    saved = workspace.step(
        "edgekit.passes._run:run_pass", name="export", options={}, source=described,
        calibration=None, trust=request.trust,
    )  # fmt: skip
    sources = dict.fromkeys(tools.TOOLS[engine], saved)
    if free and engine == "litert":
        opened = workspace.step(
            "tests.benchmarks.peers.tools:export_free", also=own_code(), described=described
        )
        sources |= dict.fromkeys(tools.FREE_BATCH, opened)
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(
            lambda tool: built(workspace, tool, engine, sources[tool], proof), sources
        )
        made = dict(zip(sources, results, strict=True))
    rows = {tool: measured(workspace, tool, found, engine, proof) for tool, found in made.items()}
    chosen = {}
    for count in threads:
        name, folder = choice(request, engine, count)
        chosen[count] = name
        mine = measured(workspace, label(count), folder, engine, proof)
        rows[mine.tool] = mine
        good = {tool: path for tool, path in made.items() if not rows[tool].failure}
        for tool, latency in timed(workspace, engine, count, folder, good).items():
            if isinstance(latency, str):
                rows[tool].failure = latency
            else:
                rows[tool].against[count] = (latency.ratio, latency.ratio_low, latency.ratio_high)
        mine.against[count] = (1.0, 1.0, 1.0)
    return Duel(net=net, engine=engine, chosen=chosen, rows=list(rows.values()))


def label(threads: int) -> str:
    """What edgekit's choice for a number of threads is called in the rows."""
    return f"{EDGEKIT}, {threads} thread{'s' if threads > 1 else ''}"


def own_code() -> str:
    """What stands for this benchmark's own code in the identity of a step."""
    return sha256(Path(tools.__file__))


def built(workspace: Workspace, tool: str, engine: str, saved: Path, proof: Proof) -> Path | str:
    """The folder with a tool's artifacts, or why there is none."""
    try:
        return workspace.step(
            "tests.benchmarks.peers.tools:make",
            also=own_code(),
            tool=tool,
            engine=engine,
            saved=saved,
            calibration=proof.folder / "calibration.npz",
        )
    except EdgekitError as error:
        return str(error)


def choice(request: Request, engine: str, threads: int) -> tuple[str, Path]:
    """What edgekit converts to for one thread count: the recipe's name and a model folder."""
    output = request.output / f"{engine}-{threads}"
    asked = msgspec.structs.replace(
        request, targets=(TARGETS[engine],), output=output, threads=threads, force=True
    )
    report = pipeline.run(asked)
    bundle = output / TARGETS[engine]
    model = read_manifest(bundle).model
    folder = output / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in artifacts(bundle, model):
        shutil.copy2(path, folder)
    model.save(folder)
    return str(report.targets[0].chosen), folder


def measured(workspace: Workspace, tool: str, made: Path | str, engine: str, proof: Proof) -> Row:
    """Size and fidelity of one artifact."""
    if isinstance(made, str):
        return Row(tool=tool, failure=made)
    try:
        trial = workspace.step(
            "edgekit.measure:trial",
            artifact=made,
            engine=engine,
            draws=proof.folder / "draws.npz",
            threads=1,
        )
    except EdgekitError as error:
        return Row(tool=tool, failure=str(error))
    return Row(tool=tool, size=artifact_size(made), psnr=proof.score(trial)["psnr"])


def timed(
    workspace: Workspace, engine: str, threads: int, mine: Path, others: Mapping[str, Any]
) -> dict[str, Latency | str]:
    """Latencies beside edgekit's choice, in turns in one process; one by one if that fails."""

    def together(names: Sequence[str]) -> list[Latency]:
        told = workspace.call(
            "edgekit.measure:latency",
            artifacts=[mine, *(others[name] for name in names)],
            engine=engine,
            threads=min(threads, os.cpu_count() or 1),
            seconds=0.5 * (len(names) + 1),
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

"""Writes what a conversion made: one bundle per target, and the report."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from edgekit.bundle.manifest import (
    GOLDEN,
    artifact_of,
    describe_files,
    manifest_of,
    write_manifest,
)
from edgekit.bundle.reading import foreign
from edgekit.candidates.results import Report, Result, TargetReport
from edgekit.candidates.variants import Made
from edgekit.data import npz
from edgekit.data.npz import Arrays
from edgekit.engines import installed
from edgekit.engines._formats import artifacts
from edgekit.errors import InputError
from edgekit.files.atomic import atomic_folder, write_file
from edgekit.files.durable import remove
from edgekit.files.packing import ENCODING
from edgekit.measure.evaluator import Evaluator
from edgekit.model import Model
from edgekit.plan.plan import TargetPlan
from edgekit.plan.recipe import to_toml
from edgekit.plan.request import Request
from edgekit.report.files import is_page, is_report

DATA, PAGE = "report.json", "report.html"
ASSETS = {GOLDEN: "golden.npz", "recipe": "recipe.toml"}
# Golden samples: a few rows, fewer of large ones.
GOLDEN_ROWS, GOLDEN_VALUES = 4, 200_000


def write_bundles(
    request: Request,
    report: Report,
    plans: Sequence[TargetPlan],
    artifacts: Mapping[str, Mapping[str, Made]],
    evaluator: Evaluator,
) -> Report:
    """Write a bundle for every target that has a chosen candidate.

    For one that has none, `force` removes the bundle of an earlier run: beside the new report it
    would pass for this run's.
    """
    written, remarks = [], list(report.remarks)
    for plan, target in zip(plans, report.targets, strict=True):
        chosen = target.result(target.chosen)
        place = request.output / plan.name
        if chosen is None:
            if request.force and place.is_dir() and any(place.iterdir()):
                remarks.append(f"{plan.name}: {clear(place)}")
            written.append(target)
            continue
        made = artifacts[plan.name][chosen.name]
        if reason := refusal(request, plan):  # again: there was time to put something there
            raise InputError(reason)
        with atomic_folder(place, force=request.force) as folder:
            fill_bundle(folder, request, report, plan, target, chosen, made, evaluator)
        done = msgspec.structs.replace(target, bundle=str(place), zipped=zipped_size(place))
        written.append(done)
    return msgspec.structs.replace(report, targets=tuple(written), remarks=tuple(remarks))


def clear(place: Path) -> str:
    """Remove the bundle of an earlier run and nothing else; tells what was done."""
    if reason := foreign(place):
        return f"'{place}' was left as it is: it {reason}"
    remove(place)
    return "the bundle of an earlier run was removed (--force)"


def refusal(request: Request, plan: TargetPlan) -> str:
    """Why the bundle of a target, or the report, may not be written; empty when both may."""
    place = request.output / plan.name
    if (place.exists() or place.is_symlink()) and not request.force:
        return f"'{place}' exists; choose another -o or pass --force to replace it"
    if reason := foreign(place):
        return f"'{place}' {reason}; remove it yourself or choose another -o"
    return report_refusal(request)


def report_refusal(request: Request) -> str:
    """Why no report may be written into the output folder; empty when one may.

    A file of its name that another program wrote may be all that the user has.
    """
    data, html = request.output / DATA, request.output / PAGE
    for place in (data, html):
        if place.is_dir():
            return f"'{place}' is a folder; remove it yourself or choose another -o"
    if request.force or is_report(data):  # a page beside it is of the same conversion
        return ""
    for place in (data, html):
        if (place.exists() or place.is_symlink()) and not (place == html and is_page(html)):
            return (
                f"'{place}' is no report of edgekit; choose another -o or pass --force to replace "
                "it"
            )
    return ""


def zipped_size(folder: Path) -> int:
    """Bytes of a folder's files as an ordinary zip: what a download of them costs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return content.tell()


def fill_bundle(
    folder: Path,
    request: Request,
    report: Report,
    plan: TargetPlan,
    target: TargetReport,
    chosen: Result,
    made: Made,
    evaluator: Evaluator,
) -> None:
    """The files of one bundle, its manifest last."""
    model = Model.load(made.artifact)
    originals = {}
    for path in artifacts(made.artifact, model):
        stored = made.packed / f"{path.name}.{ENCODING}" if made.packed else path
        if stored.is_file() and stored != path:
            originals[path.name] = path
        else:
            stored = path
        (folder / stored.name).write_bytes(stored.read_bytes())
    passes = [(step.name, step.options) for step in made.steps]
    recipe = to_toml(f"what was done as {chosen.name}", made.engine, passes)
    (folder / ASSETS["recipe"]).write_text(recipe, encoding="utf-8")
    outputs = npz.read(made.trial / "outputs.npz")
    groups = {"draws": evaluator.draws, "original": evaluator.outputs, "artifact": outputs}
    values = sum(array[0].size for named in groups.values() for array in named.values())
    kept = int(np.clip(GOLDEN_VALUES // values, 1, GOLDEN_ROWS))
    golden = {
        f"{group}/{name}": rows[:kept]
        for group, named in groups.items()
        for name, rows in named.items()
    }
    npz.write(folder / ASSETS[GOLDEN], golden, compress=True)
    artifact = artifact_of(model, made.engine, plan.target.device, installed(made.engine))
    manifest = manifest_of(
        model,
        artifact,
        name=request.model.stem,
        target=plan.name,
        recipe=chosen.name,
        files=describe_files(folder, originals),
        assets=ASSETS,
        gates=dict(map(split_gate, report.gates)),
        measured={
            "size": chosen.size,
            "unpacked": chosen.unpacked,
            "memory": chosen.memory,
            "latency": msgspec.to_builtins(chosen.latency),
            "baseline": target.results[0].name,
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
    evaluator: Evaluator,
) -> None:
    """The report as data and as a page, in the output folder."""
    from edgekit.report.page import page

    request.output.mkdir(parents=True, exist_ok=True)
    report.save(request.output / DATA)
    outputs: dict[str, Callable[[], Arrays]] = {}
    for target in report.targets:
        made = artifacts[target.name].get(target.shown)
        if made:
            outputs[target.name] = lambda made=made: npz.read(made.trial / "outputs.npz")  # type: ignore[misc]
    html = page(
        report, evaluator.family, evaluator.model, evaluator.draws, evaluator.outputs, outputs
    )
    write_file(request.output / PAGE, html.encode())

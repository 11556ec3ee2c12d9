"""edgekit convert"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from edgekit.cli._options import (
    cache_options,
    choice_options,
    comparison_options,
    data_option,
    engine_option,
    json_option,
    model_argument,
    model_options,
    threads_option,
    wide_option,
)
from edgekit.cli._results import results_table
from edgekit.cli._show import WIDTH, Bar, emit, table


@click.command("convert", short_help="Convert a trained model to one proven bundle per target.")
@model_argument
@click.option(
    "--target",
    "-t",
    "targets",
    multiple=True,
    required=True,
    help="Device to convert for (see `edgekit targets`), or a TOML file; repeatable.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for the bundles (one per target) and the report.",
)
@click.option(
    "--recipe",
    "-r",
    multiple=True,
    default=("auto",),
    show_default=True,
    help="What to do (see `edgekit recipes`), or a TOML file; repeatable.",
)
@choice_options
@data_option
@model_options
@comparison_options
@click.option("--calibration", default=64, show_default=True, help="Samples to calibrate with.")
@engine_option
@threads_option
@click.option(
    "--force",
    is_flag=True,
    help="Replace existing bundles, and any file that is called as the report is; where no "
    "candidate is good enough, remove the bundles.",
)
@click.option(
    "--keep-going",
    is_flag=True,
    help="Write the best bundle even if it misses a gate (the exit code is still 3).",
)
@cache_options
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@wide_option
@json_option
def command(model: Path, targets: tuple[str, ...], output: Path, as_json: bool, wide: bool,
            dry_run: bool, no_cache: bool, **asked: Any) -> None:  # fmt: skip
    """Convert MODEL (.keras, .h5, a SavedModel folder, or a folder with model.toml).

    Every candidate is built, run beside the original and timed; the best that meets the quality
    gates becomes the bundle of its target. The report is in OUTPUT/report.html.
    """
    from edgekit.errors import GateError, PassError
    from edgekit.jobs.convert import check, run
    from edgekit.jobs.package import refusal
    from edgekit.plan.request import Request

    request = Request.of(model, targets=targets, output=output, reuse=not no_cache, **asked)
    plans = check(request, writes=not dry_run)
    if dry_run:
        show_plan(plans, {plan.name: refusal(request, plan) for plan in plans}, as_json)
        return
    with Bar() as bar:
        try:
            report = run(request, bar)
        except (GateError, PassError) as error:
            bar.close()
            if error.report is not None:
                show_report(error.report, output, as_json, wide)
            raise
    show_report(report, output, as_json, wide)


def show_plan(plans: Any, refused: Mapping[str, str], as_json: bool) -> None:
    """The steps of every candidate, and why the bundle of a target could not be written."""
    value = [
        {
            "target": plan.name,
            "engines": plan.target.engines,
            "candidates": {c.name: [s.name for s in c.steps] for c in plan.candidates},
            "searches": {search.name: searching(search) for search in plan.searches},
            "otherwise": {search.name: searching(search) for search in plan.otherwise},
            "remarks": plan.remarks,
            "refused": refused[plan.name],
        }
        for plan in plans
    ]
    rows = [
        {"target": plan.name, "candidate": c.name, "steps": " → ".join(s.name for s in c.steps)}
        for plan in plans
        for c in plan.candidates
    ] + [
        {
            "target": plan.name,
            "candidate": f"{search.name}-1…{search.points}",
            "steps": f"each layer one of: float, {', '.join(search.precisions)}",
        }
        for plan in plans
        for search in plan.searches
    ]
    notes = [f"note: {remark}" for plan in plans for remark in plan.remarks]
    notes += [
        f"note: {plan.name}: where nothing below float16 is good enough, "
        f"{search.name}-1…{search.points} too"
        for plan in plans
        for search in plan.otherwise
    ]
    reasons = dict.fromkeys(why for why in refused.values() if why)
    notes += [f"without --dry-run this is refused: {why}" for why in reasons]
    emit(value, as_json, "\n".join([table(rows, width=WIDTH), *notes]))


def searching(search: Any) -> dict[str, Any]:
    """What a search tries."""
    return {"precisions": search.precisions, "points": search.points}


def show_report(report: Any, output: Path, as_json: bool, wide: bool = False) -> None:
    """The table of every target, and where everything is."""
    import msgspec

    from edgekit.report import tables

    lines = [f"DOUBT: {told}" for told in report.doubts]
    for target in report.targets:
        on = f"{' and '.join(target.engines)}, {tables.threads(report, target)}"
        lines += ["", f"{target.name}  ({on})", results_table(target, wide)]
        told = (tables.proxy(report, target), tables.searched(target), tables.variants(target),
                tables.equal(report, target))  # fmt: skip
        lines += [f"  {line}" for line in told if line]
        lines.append(f"  {tables.noise(target)}")
        if target.bundle:
            zipped = tables.megabytes(target.zipped)
            lines.append(f"  bundle: {target.bundle} ({zipped} as a zip file)")
            lines.append(f"  on the device: {tables.installation(target)}")
        else:
            lines.append(f"  no bundle: {target.failure}")
    lines += ["", f"compared on: {report.inputs}"]
    lines += [f"note: {remark}" for remark in report.remarks]
    lines.append(f"report: {output / 'report.html'}")
    emit(msgspec.to_builtins(report), as_json, "\n".join(lines))

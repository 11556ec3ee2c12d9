"""edgekit convert"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import click

from edgekit.cli._show import Bar, emit, json_option, table


@click.command("convert", short_help="Convert a trained model to one proven bundle per target.")
@click.argument("model", type=click.Path(path_type=Path))
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
    "recipes",
    multiple=True,
    default=("auto",),
    show_default=True,
    help="What to do (see `edgekit recipes`), or a TOML file; repeatable.",
)
@click.option(
    "--objective",
    default="balanced",
    show_default=True,
    help="What to choose by: balanced, size, latency or quality.",
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="METRIC>=N",
    help="Quality that must be met, such as 'psnr>=30' (quoted); repeatable.",
)
@click.option(
    "--max-size", metavar="SIZE", help="Largest artifact allowed, such as 800kB or 1.5MB."
)
@click.option(
    "--max-latency",
    metavar="TIME",
    help="Longest latency allowed: such as 5ms, or 0.5x of float32.",
)
@click.option(
    "--data",
    metavar="DATA",
    help="Your data: npz, npy, a folder of images or wav files, or module:function.",
)
@click.option("--family", help="latent, autoencoder or image-to-image, instead of detection.")
@click.option(
    "--input-size",
    "sizes",
    multiple=True,
    metavar="HxW",
    help="Size for a fully convolutional net; repeatable.",
)
@click.option(
    "--batch-size",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Samples the artifact computes at once.",
)
@click.option("--classes", type=click.IntRange(1), help="Number of class labels.")
@click.option(
    "--prior",
    type=click.Choice(["normal", "uniform"]),
    help="Distribution of the latents in training.",
)
@click.option("--input-range", metavar="LO,HI", help="Value range of the input images.")
@click.option("--output-range", metavar="LO,HI", help="Value range of the outputs.")
@click.option(
    "--features",
    metavar="NET",
    help="Feature net for Fréchet and KID: .tflite, .xml or module:function.",
)
@click.option("--samples", type=int, help="Samples to compare [default: 16 to 128, by size].")
@click.option("--calibration", default=64, show_default=True, help="Samples to calibrate with.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of all draws."
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="Threads to measure with; the target's when not given.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace existing bundles; where no candidate is good enough, remove them.",
)
@click.option(
    "--keep-going",
    is_flag=True,
    help="Write the best bundle even if it misses a gate (the exit code is still 3).",
)
@click.option("--trust", is_flag=True, help="Run code inside the model file (Lambda layers).")
@click.option(
    "--custom-objects",
    multiple=True,
    metavar="MODULE",
    help="Module that defines the model's own classes; repeatable.",
)
@click.option("--cache-dir", type=click.Path(path_type=Path), help="Where finished steps are kept.")
@click.option("--no-cache", is_flag=True, help="Do every step again.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@json_option
def command(model: Path, targets: tuple[str, ...], output: Path, as_json: bool, dry_run: bool,
            **asked: Any) -> None:  # fmt: skip
    """Convert MODEL (.keras, .h5, a SavedModel folder, or a folder with model.toml).

    Every candidate is built, run beside the original and timed; the best that meets the quality
    gates becomes the bundle of its target. The report is in OUTPUT/report.html.
    """
    from edgekit.errors import GateError, PassError
    from edgekit.pipeline import check, run
    from edgekit.request import Request

    request = Request.of(model, targets=targets, output=output, **options(asked))
    plans = check(request, writes=not dry_run)
    if dry_run:
        show_plan(plans, as_json)
        return
    with Bar() as bar:
        try:
            report = run(request, bar)
        except (GateError, PassError) as error:
            bar.close()
            if error.report is not None:
                show_report(error.report, output, as_json)
            raise
    show_report(report, output, as_json)


def options(asked: dict[str, Any]) -> dict[str, Any]:
    """The command's options as those of a Request."""
    renamed = {
        "recipe": asked.pop("recipes"),
        "cache": asked.pop("cache_dir"),
        "reuse": not asked.pop("no_cache"),
        "batch": asked.pop("batch_size"),
        "sizes": tuple(parse_size(text) for text in asked.pop("sizes")),
        "input_range": parse_range(asked.pop("input_range"), "--input-range"),
        "output_range": parse_range(asked.pop("output_range"), "--output-range"),
    }
    allowed = limits(asked.pop("max_size"), asked.pop("max_latency"))
    return asked | renamed | allowed


def limits(size: str | None, latency: str | None) -> dict[str, float | int | None]:
    """`800kB` and `5ms` or `0.5x` as the limits of a Request."""
    found: dict[str, float | int | None] = {}
    if size is not None:
        found["max_size"] = round(quantity(size, {"kB": 1e3, "MB": 1e6}, "--max-size", "800kB"))
    if latency is not None:
        ratio = latency.strip().endswith("x")
        units = {"x": 1.0} if ratio else {"ms": 1e-3, "s": 1.0}
        value = quantity(latency, units, "--max-latency", "5ms or 0.5x")
        found["max_ratio" if ratio else "max_seconds"] = value
    return found


def quantity(text: str, units: dict[str, float], option: str, example: str) -> float:
    """A positive number with its unit."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zA-Z]+)\s*", text)
    if not found or found[2] not in units or float(found[1]) <= 0:
        raise click.UsageError(f"{option} '{text}' is no number with its unit, such as {example}")
    return float(found[1]) * units[found[2]]


def parse_size(text: str) -> tuple[int, ...]:
    """`128x96` as (128, 96), one number as (n,) — a square for images is written twice."""
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", text):
        raise click.UsageError(f"--input-size '{text}' is not HxW, such as 128x96")
    return tuple(int(part) for part in text.split("x"))


def parse_range(text: str | None, option: str) -> tuple[float, float] | None:
    """`-1,1` as (-1.0, 1.0)."""
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low, high = 0.0, 0.0
    if not (low < high and math.isfinite(high - low)):
        raise click.UsageError(f"{option} '{text}' is not LO,HI, such as -1,1")
    return low, high


def show_plan(plans: Any, as_json: bool) -> None:
    """The steps of every candidate."""
    value = [
        {
            "target": plan.name,
            "engine": plan.target.engine,
            "candidates": {c.name: [s.name for s in c.steps] for c in plan.candidates},
            "search": plan.search
            and {"precisions": plan.search.precisions, "points": plan.search.points},
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
            "candidate": f"{plan.search.name}-1…{plan.search.points}",
            "steps": f"each layer one of: float, {', '.join(plan.search.precisions)}",
        }
        for plan in plans
        if plan.search
    ]
    emit(value, as_json, table(rows))


def show_report(report: Any, output: Path, as_json: bool) -> None:
    """The table of every target, and where everything is."""
    import msgspec

    from edgekit.report import rows

    lines = []
    for target in report.targets:
        lines += ["", f"{target.name}  ({target.engine}, {target.threads} threads)",
                  table(rows(target), target.chosen)]  # fmt: skip
        lines.append(
            f"  bundle: {target.bundle}" if target.bundle else f"  no bundle: {target.failure}"
        )
    lines += ["", f"compared on: {report.inputs}"]
    lines += [f"note: {remark}" for remark in report.remarks]
    lines.append(f"report: {output / 'report.html'}")
    emit(msgspec.to_builtins(report), as_json, "\n".join(lines))

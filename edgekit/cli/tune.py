"""edgekit tune"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgekit.cli._options import (
    Seconds,
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
from edgekit.cli._show import Bar, emit


@click.command("tune", short_help="Search for the best recipe of a model on one target.")
@model_argument
@click.option(
    "--target",
    "-t",
    "targets",
    required=True,
    multiple=True,
    help="Device to tune for (see `edgekit targets`), or a TOML file; one.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the search: its log, recipes and report.",
)
@click.option(
    "--trials",
    "-n",
    default=50,
    show_default=True,
    type=click.IntRange(0),
    help="Recipes to try, after those of recipe auto.",
)
@click.option("--resume", is_flag=True, help="Go on with the search in the folder.")
@click.option(
    "--timeout",
    "minutes",
    type=Seconds(0),
    metavar="MINUTES",
    help="Begin no further trial after that time, except the candidates of auto.",
)
@choice_options
@data_option
@model_options
@comparison_options
@engine_option
@threads_option
@cache_options
@wide_option
@json_option
def command(model: Path, targets: tuple[str, ...], output: Path, trials: int, resume: bool,
            minutes: float | None, as_json: bool, wide: bool, no_cache: bool,
            **asked: Any) -> None:  # fmt: skip
    """Try many recipes on MODEL, and keep the best that meets the quality gates.

    The candidates of recipe auto come first, then others that a sampler proposes from what was
    measured so far. OUTPUT/recipe.toml is the best one, for `edgekit convert --recipe`; the report
    is OUTPUT/tune.html. Several processes may work on one search: start the others with --resume.
    """
    from edgekit.errors import GateError, PassError
    from edgekit.jobs.tune import run
    from edgekit.plan.request import Request

    request = Request.of(model, targets=targets, output=output, reuse=not no_cache, **asked)
    with Bar() as bar:
        try:
            found = run(request, trials, resume=resume, minutes=minutes, progress=bar)
        except (GateError, PassError) as error:
            bar.close()
            if error.report is not None:
                show(error.report, output, as_json, wide)
            raise
        except KeyboardInterrupt:
            raise click.Abort(
                "interrupted; finished trials are kept, run the same command with --resume to go on"
            ) from None
    show(found, output, as_json, wide)


def show(found: Any, output: Path, as_json: bool, wide: bool = False) -> None:
    """The front, or what came nearest, beside float32, and where everything is."""
    import msgspec

    from edgekit.report.tables import threads

    target = found.target
    kept = {target.chosen, target.nearest, target.results[0].name, *found.front}
    lines = [
        *(f"DOUBT: {told}" for told in found.report.doubts),
        f"{target.name}  ({target.engines[0]}, {threads(found.report, target)}), "
        f"{len(found.tried)} recipes tried; the best of them, and float32:",
        results_table(target, wide, kept),
    ]
    if target.chosen:
        options = found.tried[target.chosen].options
        lines.append("  " + ", ".join(f"{name} {value}" for name, value in options.items()))
        lines.append(f"recipe: {output / 'recipe.toml'}  (others: {output / 'front'})")
    else:
        lines.append(f"no recipe: {target.failure}")
    lines.append(f"report: {output / 'tune.html'}")
    emit(msgspec.to_builtins(found), as_json, "\n".join(lines))

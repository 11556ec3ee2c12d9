"""edgekit inspect"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgekit.cli._options import json_option, model_options
from edgekit.cli._show import emit, summary, table


@click.command("inspect", short_help="Show what is in a model, an artifact or a bundle.")
@click.argument("path", type=click.Path(path_type=Path))
@model_options
@json_option
def command(
    path: Path, trust: bool, custom_objects: tuple[str, ...], as_json: bool, **given: Any
) -> None:
    """Show the signatures, ranges and ops of PATH.

    PATH is a bundle, a .tflite or OpenVINO .xml artifact, or a model that convert takes. A model
    is seen as convert sees it with the same options.
    """
    from edgekit.jobs.inspect import inspect
    from edgekit.original.describe import Given
    from edgekit.sources import Trust

    facts = inspect(path, Given(**given), Trust(trust=trust, custom_objects=custom_objects))
    lines = summary({name(key): cell(key, value) for key, value in facts.summary.items()})
    for title, rows in facts.tables.items():
        shown = [{name(key): cell(key, value) for key, value in row.items()} for row in rows]
        lines += ["", title, table(shown)]
    emit({"summary": facts.summary, **facts.tables}, as_json, "\n".join(lines))


def name(key: str) -> str:
    """A key for people."""
    return key.replace("_", " ")


def cell(key: str, value: Any) -> str:
    """A value for people: sizes with a unit, ranges as `-1…1`, a dash for none."""
    from edgekit.report.tables import megabytes

    if value in (None, "", ()):
        return "–"
    if key.endswith("size"):
        return megabytes(value)
    if key == "range":
        return f"{value[0]:g}…{value[1]:g}"
    if key == "remarks":
        return "; ".join(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)

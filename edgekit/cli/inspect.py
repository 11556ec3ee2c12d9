"""edgekit inspect"""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli._show import emit, json_option, table


@click.command("inspect", short_help="Show what is in a model, an artifact or a bundle.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--trust", is_flag=True, help="Run code inside the model file (Lambda layers).")
@click.option(
    "--custom-objects",
    multiple=True,
    metavar="MODULE",
    help="Module that defines the model's own classes; repeatable.",
)
@json_option
def command(path: Path, trust: bool, custom_objects: tuple[str, ...], as_json: bool) -> None:
    """Show the signatures, ranges and ops of PATH.

    PATH is a bundle, a .tflite or OpenVINO .xml artifact, or a model that convert takes.
    """
    from edgekit.inspect import inspect
    from edgekit.sources import Trust

    facts = inspect(path, Trust(trust=trust, custom_objects=custom_objects))
    lines = [f"{key}: {value}" for key, value in facts.summary.items()]
    for title, rows in facts.tables.items():
        lines += ["", title, table(rows)]
    value = {"summary": facts.summary, **facts.tables}
    emit(value, as_json, "\n".join(lines))

"""edgekit targets"""

from __future__ import annotations

import click

from edgekit.cli._options import json_option
from edgekit.cli._show import WIDTH, emit, table


@click.command("targets", short_help="List the devices, or show one.")
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List all targets, or print the TOML file of the target NAME."""
    import msgspec

    from edgekit.plan import target

    if name:
        found = target.load(name)
        text = target.find(name).read_text(encoding="utf-8").rstrip()
        emit(msgspec.to_builtins(found), as_json, text)
        return
    found_all = {each: target.load(each) for each in target.names()}
    rows = [
        {
            "target": each,
            "engines": ", ".join(t.engines),
            "verified": t.verified,
            "description": t.description,
        }
        for each, t in found_all.items()
    ]
    emit(msgspec.to_builtins(found_all), as_json, table(rows, width=WIDTH))

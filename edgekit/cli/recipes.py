"""edgekit recipes"""

from __future__ import annotations

import click

from edgekit.cli._options import json_option
from edgekit.cli._show import WIDTH, emit, table


@click.command("recipes", short_help="List the recipes, or show one to copy and change.")
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List all recipes, or print the TOML file of the recipe NAME."""
    import msgspec

    from edgekit import plugin
    from edgekit.plan import recipe

    if name:
        found = recipe.load(name)
        text = recipe.find(name).read_text(encoding="utf-8").rstrip()
        emit(msgspec.to_builtins(found), as_json, text)
        return
    found_all = {each: recipe.load(each) for each in recipe.names()}
    engines = plugin.names("engines")
    rows = [
        {
            "recipe": each,
            "engines": ", ".join(e for e in engines if r.passes(e) is not None) or "all",
            "description": r.description,
        }
        for each, r in found_all.items()
    ]
    emit(msgspec.to_builtins(found_all), as_json, table(rows, width=WIDTH))

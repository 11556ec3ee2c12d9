"""edgekit cache"""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli._options import json_option
from edgekit.cli._show import emit


@click.command("cache", short_help="Tell what the cache of finished steps holds, or clear it.")
@click.option("--clear", is_flag=True, help="Remove all steps, unfinished ones too.")
@click.option(
    "--cache-dir", "cache", type=click.Path(path_type=Path), help="Another cache than your own."
)
@json_option
def command(clear: bool, cache: Path | None, as_json: bool) -> None:
    """Tell how many finished steps are kept for later conversions, and how much room they take.

    `convert` and `tune` remove what was not used for a month, and the oldest beyond --cache-size.
    """
    import msgspec

    from edgekit.units import size_text
    from edgekit.work import cache as kept

    root = cache or kept.default_cache()
    found = kept.clear(root) if clear else kept.usage(root)
    unfinished = f" ({found.unfinished} unfinished)" if found.unfinished else ""
    text = f"{found.folder}: {found.steps} steps{unfinished}, {size_text(found.size)}"
    if clear:
        text += ", removed"
    elif found.steps:
        text += f"; the oldest was used {found.oldest_days:.0f} days ago"
    emit(msgspec.to_builtins(found), as_json, text)

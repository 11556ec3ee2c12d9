"""What `edgekit tune` may choose from: one file for each engine.

`METHODS` are the ways to make an artifact; `passes(method, pick)` gives the passes of one, its
options picked by `pick(name, choices)`; `narrowed(folders)` gives the choices of the options that
depend on the net, from its float32 artifacts. `SEEDS` are the options that make the candidates of
recipe `auto`, by their names: these are tried first, so that a search never ends worse.
`variants(options, choices)` are what `auto` tries beside its best, by what sets them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from edgekit import plugin

# How many samples calibrate; what `convert` takes by default is among them.
ROWS = (16, 64, 256)


REWRITTEN = {"rewrites": True, "left_out": "none"}


class Pick(Protocol):
    """Chooses one of some values for the option `name`."""

    def __call__(self, name: str, choices: tuple[Any, ...]) -> Any: ...


def rewriting(pick: Pick, known: Sequence[str]) -> list[dict[str, Any]]:
    """The pass that rewrites the graph, if it is picked: with all rewrites, or all but one."""
    if not pick("rewrites", (False, True)):
        return []
    left_out = pick("left_out", ("none",))
    return [{"pass": "rewrite", "rewrites": [each for each in known if each != left_out]}]


def may_be_left_out(engine: str, files: Iterable[Path]) -> tuple[str, ...]:
    """The rewrites that changed some float artifacts, if there are several, and none."""
    read = plugin.part(engine, "rewrites").read_rewrites
    applied = dict.fromkeys(str(one["rewrite"]) for file in files for one in read(file))
    return ("none", *applied) if len(applied) > 1 else ("none",)


def without_each(
    options: Mapping[str, Any], choices: Mapping[str, tuple[Any, ...]]
) -> dict[str, dict[str, Any]]:
    """The options without each of the rewrites that may be left out, if all are in."""
    if options.get("left_out") != "none":
        return {}
    rewrites = (name for name in choices["left_out"] if name != "none")
    return {f"without {name}": {**options, "left_out": name} for name in rewrites}

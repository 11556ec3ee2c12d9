"""What `edgekit tune` may choose from: one file for each engine.

`METHODS` are the ways to make an artifact; `passes(method, pick)` gives the passes of one, its
options picked by `pick(name, choices)`; `narrowed(folders)` gives the choices of the options that
depend on the net, from its float32 artifacts. `SEEDS` are the options that make the candidates of
recipe `auto`, by their names: these are tried first, so that a search never ends worse.
`variants(options, choices)` are what `auto` tries beside its best, by what sets them apart.
"""

from __future__ import annotations

from typing import Any, Protocol

# How many samples calibrate; what `convert` takes by default is among them.
ROWS = (16, 64, 256)


class Pick(Protocol):
    """Chooses one of some values for the option `name`."""

    def __call__(self, name: str, choices: tuple[Any, ...]) -> Any: ...

"""Steps from Model to Model: one file a pass; those of one engine are in its own folder.

A pass is a module with `TAKES` and `GIVES` (kinds of Model), `NEEDS` (modules that must be
installed), `Options` (typed, from the recipe) and `run(model, options, ctx) -> Model`. It runs in
a child process, reads files from `ctx.source` and writes its own into `ctx.output`.
"""

from __future__ import annotations

from types import ModuleType

from edgekit import plugin


def pass_names(engine: str) -> list[str]:
    """The passes that a recipe for this engine may name."""
    return [*plugin.names("passes"), *plugin.names(plugin.inside(engine, "passes"))]


def load_pass(name: str, engine: str) -> ModuleType:
    """The pass behind a name: of every engine, or of this one.

    Raises:
        InputError: the name is unknown; suggests the nearest.
    """
    package = "passes" if name in plugin.names("passes") else plugin.inside(engine, "passes")
    return plugin.load(package, name)

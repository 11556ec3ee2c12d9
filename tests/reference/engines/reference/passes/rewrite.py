"""Exact rewrites of reference nets."""

from __future__ import annotations

from functools import partial
from types import ModuleType

import msgspec

from edgekit import plugin
from edgekit.engines._rewriting import Change, until_none_matches
from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed
from tests.reference.net import Net, load

TAKES, GIVES = "refnet", "refnet"
NEEDS = ()


class Options(Typed, frozen=True):
    """The rewrites to try, in order, by the names of their files."""

    rewrites: tuple[str, ...] = ("linear-layers",)


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Apply each rewrite wherever it matches."""
    modules = {name: plugin.load("engines.reference.rewrites", name) for name in options.rewrites}
    for name in model.signatures:
        net = load(ctx.source / model.files[name])
        applied = until_none_matches(modules, partial(everywhere, net))
        if applied:
            noted = tuple(msgspec.to_builtins(applied))
            net.design = msgspec.structs.replace(net.design, rewrites=noted)
        net.save(artifact(ctx, name, ".refnet"))
    return with_files(model, GIVES, ".refnet")


def everywhere(net: Net, module: ModuleType) -> Change:
    """Apply one rewrite wherever it matches."""
    count = 0
    while module.apply(net):
        count += 1
    return Change(count, {"LAYER": 2 * count}, {"LAYER": count})

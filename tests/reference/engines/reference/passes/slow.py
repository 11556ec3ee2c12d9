"""Makes artifacts that take their time."""

from __future__ import annotations

import msgspec

from edgekit.model import Model
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed
from tests.reference.net import load

TAKES, GIVES = "refnet", "refnet"
NEEDS = ()


class Options(Typed, frozen=True):
    """`delay` in seconds a call."""

    delay: float = 0.01


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Copy the model, slower."""
    for name in model.signatures:
        net = load(ctx.source / model.files[name])
        net.design = msgspec.structs.replace(net.design, delay=options.delay)
        net.save(artifact(ctx, name, ".refnet"))
    return with_files(model, GIVES, ".refnet")

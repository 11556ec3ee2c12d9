"""The user's net as the reference engine reads it: in single precision."""

from __future__ import annotations

import msgspec
import numpy as np

from edgekit.model import ORIGINAL, Model
from edgekit.original.runner import load_parts
from edgekit.passes._context import Context, artifact, with_files
from edgekit.typed import Typed
from tests.reference.net import Net

TAKES, GIVES = ORIGINAL, "refnet"
NEEDS = ()


class Options(Typed, frozen=True):
    """`noise` is added to all weights, relative to them: a lowering that is wrong."""

    noise: float = 0.0


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Write one artifact for each signature."""
    parts = load_parts(ctx.source, model, ctx.trust)
    for name, signature in model.signatures.items():
        net = parts[signature.part].net  # type: ignore[attr-defined]
        kernels = [np.float32(kernel * (1 + options.noise)) for kernel in net.kernels]
        named = {tensor.name: tensor.shape[1:] for tensor in signature.inputs}
        output = signature.outputs[0].shape[1:]
        design = msgspec.structs.replace(net.design, inputs=named, output=output)
        Net(design, kernels, net.biases).save(artifact(ctx, name, ".refnet"))
    return with_files(model, GIVES, ".refnet")

"""Weights in few bits, one scale for a layer."""

from __future__ import annotations

import msgspec
import numpy as np

from edgekit.model import Model
from edgekit.passes._context import Context, artifact, calibration_rows, with_files
from edgekit.typed import Typed
from tests.reference.net import Net, load

TAKES, GIVES = "refnet", "refnet"
NEEDS = ()


class Options(Typed, frozen=True):
    """`bits` of all layers, or those of some by their number. `static`: it calibrates."""

    bits: int = 8
    bits_of: dict[str, int] | None = None
    static: bool = False
    rows: int | None = None

    def calibrates(self) -> bool:
        """Where it is static."""
        return self.static


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Round the weights of every signature."""
    for name, signature in model.signatures.items():
        if options.static:
            assert calibration_rows(ctx, name, signature, options.rows)
        net = load(ctx.source / model.files[name])
        kernels, layers = list(net.kernels), list(net.design.layers)
        for k, kernel in enumerate(net.kernels):
            bits = (options.bits_of or {}).get(str(k), 0 if options.bits_of else options.bits)
            if bits:
                most = 2 ** (bits - 1) - 1
                scale = float(np.abs(kernel).max()) / most
                kernels[k] = np.rint(kernel / scale).astype(np.int8)
                layers[k] = msgspec.structs.replace(layers[k], scale=scale)
        design = msgspec.structs.replace(net.design, layers=tuple(layers))
        Net(design, kernels, net.biases).save(artifact(ctx, name, ".refnet"))
    return with_files(model, GIVES, ".refnet")

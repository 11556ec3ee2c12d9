"""A linear layer becomes part of the next one: (x A + a) B + b is x (A B) + (a B + b)."""

from __future__ import annotations

import msgspec

from tests.reference.net import Net


def apply(net: Net) -> bool:
    """Merge the first linear layer that has a successor; whether there was one."""
    layers = net.design.layers
    for k, layer in enumerate(layers[:-1]):
        if layer.activation == "linear" and layer.whole and layers[k + 1].whole:
            kernel, bias = net.kernels.pop(k), net.biases.pop(k)
            net.biases[k] = bias @ net.kernels[k] + net.biases[k]
            net.kernels[k] = kernel @ net.kernels[k]
            kept = (*layers[:k], *layers[k + 1 :])
            net.design = msgspec.structs.replace(net.design, layers=kept)
            return True
    return False

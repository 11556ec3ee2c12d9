"""Nets as the reference engine computes them: layers of a matrix, a bias and an activation."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.data import npz
from edgekit.typed import Typed

Array = NDArray[Any]
Shape = tuple[int | None, ...]
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


class Layer(Typed, frozen=True):
    """What a layer does beside its arrays. `whole`: it sees all values of a row, not each place."""

    activation: str = "linear"
    whole: bool = True
    scale: float = 0.0  # of a kernel in integers


class Design(Typed, frozen=True):
    """A net without its arrays; shapes are without the batch, None where a size is free.

    `delay` seconds are lost at each call. `rewrites` notes what rewrites did.
    """

    inputs: dict[str, Shape]
    output: Shape
    layers: tuple[Layer, ...]
    delay: float = 0.0
    rewrites: tuple[dict[str, Any], ...] = ()


class Net:
    """A design with a kernel (in, out) and a bias (out) for each layer."""

    def __init__(self, design: Design, kernels: Sequence[Array], biases: Sequence[Array]) -> None:
        self.design, self.kernels, self.biases = design, list(kernels), list(biases)

    def __call__(self, inputs: Sequence[Array]) -> Array:
        """Arrays (N, …) in the order of the inputs to the output (N, …)."""
        if self.design.delay:
            time.sleep(self.design.delay)
        first = self.design.layers[0]
        values = [x.reshape(len(x), -1) if first.whole else x for x in inputs]
        x = np.concatenate(values, axis=-1)
        for layer, kernel, bias in zip(self.design.layers, self.kernels, self.biases, strict=True):
            x = x.reshape(len(x), -1) if layer.whole else x
            weights = kernel.astype(np.float32) * np.float32(layer.scale or 1)
            x = ACTIVATIONS[layer.activation](x @ weights + bias)
        free = None in self.design.output
        return np.asarray(x if free else x.reshape(len(x), *self.design.output), np.float32)

    def save(self, path: Path) -> None:
        """Write everything into one file."""
        design = np.frombuffer(json.dumps(to_plain(self.design)).encode(), np.uint8)
        arrays = {f"kernel{k}": kernel for k, kernel in enumerate(self.kernels)}
        arrays |= {f"bias{k}": bias for k, bias in enumerate(self.biases)}
        with path.open("wb") as file:
            np.savez_compressed(file, design=design, **arrays)  # fewer bits take less room


def load(path: Path) -> Net:
    """Read a net; raises InputError for a damaged file."""
    import msgspec

    arrays = npz.read(path)
    design = msgspec.json.decode(arrays["design"].tobytes(), type=Design)
    count = len(design.layers)
    return Net(
        design,
        [arrays[f"kernel{k}"] for k in range(count)],
        [arrays[f"bias{k}"] for k in range(count)],
    )


def to_plain(design: Design) -> Any:
    """As JSON writes it."""
    import msgspec

    return msgspec.to_builtins(design)


def generator(seed: int = 0, *, latent: int = 8, side: int = 8) -> Net:
    """A generator of grey pictures from latents; its middle layer is linear."""
    widths = (latent, 24, 24, side * side)
    activations = ("relu", "linear", "tanh")
    random = np.random.default_rng(seed)
    kernels = [
        (random.standard_normal((a, b)) / np.sqrt(a)).astype(np.float32)
        for a, b in pairwise(widths)
    ]
    biases = [(0.1 * random.standard_normal(b)).astype(np.float32) for b in widths[1:]]
    layers = tuple(Layer(activation=name) for name in activations)
    design = Design(inputs={"z": (latent,)}, output=(side, side, 1), layers=layers)
    return Net(design, kernels, biases)


def filter_net(shape: Shape = (16, 16, 3), name: str = "image", last: str = "sigmoid") -> Net:
    """A net that changes the channels of signals, place by place."""
    channels = int(shape[-1] or 1)
    random = np.random.default_rng(0)
    kernel = np.eye(channels, 8) + 0.05 * random.standard_normal((channels, 8))
    kernels = [kernel.astype(np.float32), np.eye(8, channels, dtype=np.float32)]
    biases = [np.zeros(8, np.float32), np.zeros(channels, np.float32)]
    layers = (Layer(activation="relu", whole=False), Layer(activation=last, whole=False))
    return Net(Design(inputs={name: shape}, output=shape, layers=layers), kernels, biases)

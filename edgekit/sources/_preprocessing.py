"""The range of an input, told by what the first layers of a Keras net do to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.model import Range

Affine = tuple[float, float]  # x becomes scale · x + offset
Nodes = Callable[[Any], list[Any]]

KNOWN: tuple[Range, ...] = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
# What nets compute with: the last is that of backbones that take pixels.
NORMAL: tuple[Range, ...] = ((0.0, 1.0), (-1.0, 1.0), (-0.5, 0.5), (0.0, 255.0))
NEAR = 0.02  # of a range's width: 1/256 and 1/255 mean the same
PASSING = ("Cast", "Identity", "Dropout", "GaussianNoise")  # leave values as they are at inference


ARITHMETIC = ("Multiply", "Add", "Subtract", "TrueDivide", "Divide")


def told_range(net: Any, tensor: Any, nodes: Nodes) -> Range | None:
    """The range that scaling and shifting of an input show; None when nothing is done to it.

    `nodes` gives the calls of a net's layers.
    """
    scale, offset = scaling(net, tensor, nodes)
    return undone(scale, offset) or from_statistics(scale, offset)


def scaling(net: Any, tensor: Any, nodes: Nodes) -> Affine:
    """All that is done to a tensor before anything else than scaling and shifting is."""
    for node in nodes(net):
        if not any(t is tensor for t in node.arguments.keras_tensors):
            continue
        layer = node.operation
        if nodes(layer) and len(layer.inputs) == 1:
            return scaling(layer, layer.inputs[0], nodes)
        step = affine(layer, node.arguments.args)
        if step:
            scale, offset = scaling(net, node.outputs[0], nodes)
            return scale * step[0], scale * step[1] + offset
    return 1.0, 0.0


def affine(layer: Any, args: tuple[Any, ...]) -> Affine | None:
    """What one layer or operation does with constants, averaged over channels; None for others."""
    kind = type(layer).__name__
    if kind in PASSING:
        return 1.0, 0.0
    if kind == "Rescaling":
        return mean(layer.scale), mean(layer.offset)
    if kind == "Normalization" and layer.mean is not None and not layer.invert:
        spread = mean(np.sqrt(plain(layer.variance)))
        return (1 / spread, -mean(layer.mean) / spread) if spread > 0 else None
    if kind not in ARITHMETIC or len(args) != 2:  # the arguments of others are no numbers
        return None
    first, second = (None if hasattr(arg, "_keras_history") else arg for arg in args)
    if (first is None) == (second is None):
        return None
    value = mean(first if second is None else second)
    if kind == "Multiply":
        return value, 0.0
    if kind == "Add":
        return 1.0, value
    if kind == "Subtract":
        return (1.0, -value) if first is None else (-1.0, value)
    if kind in ("TrueDivide", "Divide") and first is None and value:
        return 1 / value, 0.0
    return None


def mean(constant: Any) -> float:
    """One number for all channels."""
    return float(np.mean(plain(constant)))


def plain(constant: Any) -> Any:
    """A constant as an array, also one that is TensorFlow's or Keras'."""
    return np.asarray(constant.numpy() if hasattr(constant, "numpy") else constant, np.float64)


def undone(scale: float, offset: float) -> Range | None:
    """The range that becomes one of those that nets compute with; a usual one before any other."""
    if scale == 0 or (abs(scale - 1) < 0.05 and abs(offset) < 0.05):
        return None
    # Pixels that stay pixels tell nothing.
    ends = NORMAL[:-1] if abs(scale - 1) < 0.05 else NORMAL
    found = [ordered((low - offset) / scale, (high - offset) / scale) for low, high in ends]
    for span in found:
        for known in KNOWN:
            if np.allclose(span, known, rtol=0, atol=NEAR * (known[1] - known[0])):
                return known
    # Such as 0…65535: what is smaller may be any factor.
    starts = [span for span in found[:2] if abs(span[0]) < NEAR * span[1] and span[1] > 300]
    return starts[0] if starts else None


def ordered(a: float, b: float) -> Range:
    """Two ends, the lower one first."""
    return (min(a, b), max(a, b))


def from_statistics(scale: float, offset: float) -> Range | None:
    """The range that a mean and deviation which are taken out belong to, as those of ImageNet."""
    centre, deviation = (-offset / scale, 1 / abs(scale)) if scale else (0.0, 0.0)
    if 20 <= centre + deviation <= 300 and 5 <= centre <= 200:
        return (0.0, 255.0)
    if centre + deviation <= 1.1 and centre >= 0.05 and deviation < 0.6:
        return (0.0, 1.0)
    return None

"""The range of an input is read from what the first layers do to it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgekit.model import Range
from edgekit.sources._preprocessing import from_statistics, told_range, undone


class Symbol:
    """A tensor that is not computed yet, as Keras marks them."""

    _keras_history = ()


class Rescaling:
    def __init__(self, scale: float, offset: float = 0.0) -> None:
        self.scale, self.offset = scale, offset


class Normalization:
    def __init__(self, mean: Any, variance: Any) -> None:
        self.mean, self.variance, self.invert = np.array(mean), np.array(variance), False


class Operation:
    """`x / constant` and the like, as Keras keeps them."""


class TrueDivide(Operation): ...


class Multiply(Operation): ...


class Subtract(Operation): ...


class Cast(Operation): ...


class Conv2D: ...


X = object()  # in the place of the tensor


def net(*steps: tuple[Any, ...]) -> tuple[Any, Symbol]:
    """A chain of layers, each with its arguments, and its input."""
    start = tensor = Symbol()
    calls = []
    for layer, *args in steps:
        made = Symbol()
        given = tuple(tensor if arg is X else arg for arg in args) or (tensor,)
        arguments = SimpleNamespace(keras_tensors=[tensor], args=given)
        calls.append(SimpleNamespace(operation=layer, arguments=arguments, outputs=[made]))
        tensor = made
    return SimpleNamespace(calls=calls), start


def calls(owner: Any) -> list[Any]:
    return list(getattr(owner, "calls", []))


@pytest.mark.parametrize(
    ("steps", "span"),
    [
        ([(Rescaling(1 / 255),)], (0, 255)),
        ([(Rescaling(1 / 127.5, -1),)], (0, 255)),
        ([(Rescaling(1 / 255, -0.5),)], (0, 255)),
        ([(Rescaling(2, -1),)], (0, 1)),
        ([(Rescaling(1 / 65535),)], (0, 65535)),
        ([(Cast(),), (TrueDivide(), X, 255.0)], (0, 255)),
        ([(TrueDivide(), X, 127.5), (Subtract(), X, 1.0)], (0, 255)),
        ([(Subtract(), X, 127.5), (TrueDivide(), X, 128.0)], (0, 255)),
        ([(Multiply(), 2.0, X), (Subtract(), X, 1.0)], (0, 1)),
        ([(Multiply(), X, 255.0)], (0, 1)),
        ([(Subtract(), 1.0, X)], (0, 1)),
        ([(Normalization([123.7, 116.3, 103.5], [58.4**2, 57.1**2, 57.4**2]),)], (0, 255)),
        ([(Normalization([0.485, 0.456, 0.406], [0.229**2, 0.224**2, 0.225**2]),)], (0, 1)),
        ([(Normalization([0.13], [0.31**2]),)], (0, 1)),
        ([(Subtract(), X, np.array([103.9, 116.8, 123.7]))], (0, 255)),
        ([(Normalization([0.01], [1.02]),)], None),
        ([(TrueDivide(), 1.0, X)], None),
        ([(Multiply(), X, 0.2)], None),
        ([(Subtract(), X, 0.1)], None),
        ([(Conv2D(),), (TrueDivide(), X, 255.0)], None),
        ([], None),
    ],
)
def test_what_is_done_to_an_input_tells_its_range(steps: list[Any], span: Range | None) -> None:
    owner, start = net(*steps)
    assert told_range(owner, start, calls) == (span and pytest.approx(span))


def test_a_net_inside_is_looked_into() -> None:
    inner, start = net((Rescaling(1 / 255),))
    inner.inputs = [start]
    owner, outer = net((inner,))
    assert told_range(owner, outer, calls) == (0, 255)


@pytest.mark.parametrize("judge", [undone, from_statistics])
def test_a_scale_of_zero_tells_nothing(judge: Callable[[float, float], Range | None]) -> None:
    assert judge(0.0, 0.5) is None

"""Nets made of NumPy functions, in the place of an engine."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.families._base import Family, PartInfo
from edgekit.model import Model, Settings, Tensor
from edgekit.original.describe import detect

Array = NDArray[Any]
Function = Callable[..., Array]


class NumpyRunner:
    """A Runner that computes each signature with a function of its inputs, by name."""

    def __init__(self, model: Model, functions: Mapping[str, Function]) -> None:
        self.model, self.functions = model, functions
        self.calls: list[tuple[str, dict[str, Array]]] = []

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        described = self.model.signatures[signature]
        assert set(inputs) == {tensor.name for tensor in described.inputs}
        assert len({len(array) for array in inputs.values()}) == 1
        for tensor in described.inputs:
            array = inputs[tensor.name]
            assert array.shape[1:] == tensor.shape[1:], tensor.name
            assert array.dtype == tensor.dtype, tensor.name
        self.calls.append((signature, dict(inputs)))
        return {described.outputs[0].name: self.functions[signature](**inputs)}


def tensor(name: str, *shape: int | None, **more: Any) -> Tensor:
    """A tensor as a source describes it: the batch is free."""
    return Tensor(name=name, shape=(None, *shape), **more)


def net(inputs: Sequence[Tensor], outputs: Sequence[Tensor], **more: Any) -> PartInfo:
    return PartInfo(inputs=tuple(inputs), outputs=tuple(outputs), **more)


def detected(**parts: PartInfo) -> tuple[str, Model]:
    """The family that edgekit takes these nets to be, and the model as it describes them."""
    name, family, signatures = detect(parts, None, Path("model.keras"))
    settings = family.settings(parts)
    return name, Model(
        kind="original", family=name, signatures=signatures, files={}, settings=settings
    )


def member(model: Model, **functions: Function) -> tuple[Family, NumpyRunner]:
    """The model as its family, computed by NumPy functions."""
    from edgekit import plugin

    runner = NumpyRunner(model, functions)
    return plugin.load("families", model.family).Family(model, runner), runner


def with_classes(model: Model, classes: int) -> Model:
    return model.replace(settings=Settings(classes=classes))


def paint(images: Array, side: int) -> Array:
    """Any rows as grey pictures that differ when the rows do."""
    values = np.tanh(images.reshape(len(images), -1).astype(np.float32).sum(axis=1))
    return np.broadcast_to(values[:, None, None, None], (len(images), side, side, 1)).copy()

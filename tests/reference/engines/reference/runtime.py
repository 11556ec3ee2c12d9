"""Nets of matrices in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgekit.device import Device
from edgekit.engines._agreement import check_number, check_tensor
from edgekit.errors import EngineError, InputError
from edgekit.model import Signature, Tensor
from tests.reference.net import load as load_net

FORMATS = {"refnet": ".refnet"}
DEVICES = ("cpu",)
MODULES = ("numpy",)

Array = NDArray[Any]


def check_installed() -> None:
    """It always is."""


def warm() -> None:
    """Nothing to import."""


def files(path: Path, there: Callable[[Path], bool] = Path.is_file) -> tuple[Path, ...]:
    """The one file of an artifact."""
    return (path,)


def describe(path: Path) -> Signature:
    """The signature that an artifact itself tells."""
    design = load_net(path).design
    inputs = tuple(Tensor(name=n, shape=(1, *shape)) for n, shape in design.inputs.items())
    output = Tensor(name="sample", shape=(1, *design.output))
    return Signature(part=path.stem, inputs=inputs, outputs=(output,))


def load(
    path: Path, signature: Signature, device: Device, entry: str = ""
) -> Callable[[list[Array]], list[Array]]:
    """One signature of an artifact; raises EngineError for what it is not."""
    try:
        net = load_net(path)
    except (InputError, KeyError) as error:
        raise EngineError(f"the reference engine cannot load '{path}': {error}") from None
    batch = int(signature.inputs[0].shape[0] or 1)
    check_number(path, len(signature.inputs), len(net.design.inputs))
    for tensor in signature.inputs:
        check_tensor(path, tensor, (batch, *net.design.inputs[tensor.name]), ["float32"])
    check_tensor(path, signature.outputs[0], (batch, *net.design.output), ["float32"])
    order = [[t.name for t in signature.inputs].index(name) for name in net.design.inputs]
    return lambda inputs: [net([inputs[k] for k in order])]

"""Nets of the reference engine as a format that users bring: `.net` files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from edgekit.errors import InputError, ModelError
from edgekit.families._base import PartInfo
from edgekit.model import Range, Signature, Tensor
from edgekit.sources import Trust
from edgekit.sources._part import Array, Findings, Shape
from tests.reference.net import load

NEEDS: tuple[str, ...] = ()
RANGES: dict[str, Range] = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}


def matches(path: Path) -> bool:
    """A file by its suffix."""
    return path.suffix == ".net" and path.is_file()


def check(path: Path, trust: Trust) -> None:
    """Raises ModelError for a damaged file."""
    try:
        load(path)
    except (InputError, KeyError) as error:
        raise ModelError(f"'{path}' is damaged: {error}; copy it again") from None


def open_parts(path: Path, trust: Trust) -> dict[str, NetPart]:
    """One net."""
    return {"": NetPart(path)}


class NetPart:
    """A Part that NumPy computes."""

    attribute = ""

    def __init__(self, path: Path) -> None:
        self.path, self.net = path, load(path)
        design = self.net.design
        last = design.layers[-1].activation
        self.info = PartInfo(
            inputs=tuple(
                Tensor(name=name, shape=(None, *shape), source=name)
                for name, shape in design.inputs.items()
            ),
            outputs=(Tensor(name="out", shape=(None, *design.output), range=RANGES.get(last)),),
        )

    def weights(self) -> Iterator[tuple[str, Any]]:
        """See Part."""
        for k, (kernel, bias) in enumerate(zip(self.net.kernels, self.net.biases, strict=True)):
            yield from ((f"kernel{k}", kernel), (f"bias{k}", bias))

    def weights_used(self, signatures: Sequence[Signature]) -> int:
        """All of them."""
        return sum(array.size for _, array in self.weights())

    def outputs_at(self, inputs: Sequence[Tensor]) -> list[tuple[Shape, str]]:
        """See Part."""
        output = self.net.design.output
        if None in output:  # what it computes place by place
            return [((*inputs[0].shape[:-1], output[-1]), "float32")]
        return [((inputs[0].shape[0], *output), "float32")]

    def function(self, signature: Signature) -> Callable[..., Sequence[Array]]:
        """See Part."""
        places = {tensor.source: k for k, tensor in enumerate(signature.inputs)}
        order = [places[tensor.source] for tensor in self.info.inputs]
        return lambda *arrays: [self.net([arrays[k] for k in order])]

    def findings(self, signature: Signature) -> Findings:
        """It computes, and nothing else."""
        return Findings()

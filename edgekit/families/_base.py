"""What every family does: describe its signatures, draw inputs, run its loop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import InputError
from edgekit.model import Model, Settings, Signature, Tensor
from edgekit.rng import Random
from edgekit.textures import textures
from edgekit.typed import Typed
from edgekit.values import cast, check_values

Array = NDArray[Any]
Arrays = Mapping[str, Array]

# "second" tells an order, not a condition.
LABEL = re.compile(r"label|class|(?<!se)cond|category|style|one.?hot", re.IGNORECASE)


class PartInfo(Typed, frozen=True):
    """What a source knows of one net: its tensors, and what only the layers tell.

    `bottleneck` is whether some layer between image input and image output is flat (rank 2).
    `classes` gives the vocabulary of the embedding that an input feeds. `remarks` say what was
    changed to load it.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    bottleneck: bool = False
    classes: dict[str, int] = {}  # noqa: RUF012 - a struct field, copied for each instance
    remarks: tuple[str, ...] = ()


class Runner(Protocol):
    """Anything that computes a signature: the original net, or an artifact in its engine."""

    def run(self, signature: str, inputs: Arrays) -> dict[str, Array]: ...


class Family:
    """A model of one kind, ready to generate through any Runner.

    Subclasses set `gates` (metric → bound that a candidate must meet by default), `self_made` (the
    inputs that a trial draws when no data is given, in words), `parts` (what model.toml may
    call its nets), `tiles` (whether pictures of other sizes are cut into tiles) and `offers` (the
    operations it has), and write `describe`, `problems`, `shown`, `draw`, `trial` and those
    operations. `origin` tells in words where the model comes from.
    """

    gates: ClassVar[dict[str, str]] = {}
    self_made: ClassVar[str] = ""
    parts: ClassVar[tuple[str, ...]] = ()
    offers: ClassVar[str] = ""
    tiles: ClassVar[bool] = False

    def __init__(self, model: Model, runner: Runner, origin: str = "") -> None:
        self.model = model
        self.runner = runner
        self.origin = origin

    def __repr__(self) -> str:
        """The family, and where the model comes from."""
        return f"<{self.model.family} net {self.origin}".rstrip() + ">"

    @classmethod
    def describe(
        cls, parts: Mapping[str, PartInfo], *, forced: bool = False
    ) -> dict[str, Signature] | None:
        """The signatures of these parts seen as this family, or None when they do not fit.

        `forced`: the user named the family, so what only hints at another one does not count.
        """
        raise NotImplementedError

    @classmethod
    def settings(cls, parts: Mapping[str, PartInfo]) -> Settings:
        """The number of classes, where the label inputs of all parts tell the same."""
        sizes = {
            class_count(tensor, part)
            for part in parts.values()
            for tensor in part.inputs
            if is_label(tensor, part)
        }
        return Settings(classes=sizes.pop() if len(sizes) == 1 else None)

    @classmethod
    def problems(cls, model: Model) -> Iterator[str]:
        """What keeps the signatures of a model from being those of this family, in words."""
        raise NotImplementedError

    @classmethod
    def shown(cls, model: Model) -> str:
        """The output of the trial that stands in the report."""
        raise NotImplementedError

    @classmethod
    def output_tensor(cls, model: Model, output: str) -> Tensor:
        """The description of one output of the trial, each of which is named by its signature."""
        return model.signatures[output].outputs[0]

    def draw(self, count: int, seed: int, data: Arrays | None = None) -> dict[str, Array]:
        """`count` paired inputs of a trial: random, or the rows of `data` where it has them.

        May run the model (an autoencoder decodes samples to have images to encode).
        """
        raise NotImplementedError

    def trial(self, draws: Arrays) -> dict[str, Array]:
        """Run every signature over `draws` as the family does; outputs by signature."""
        raise NotImplementedError

    def generate(self, count: int = 1, seed: int = 0, label: int | None = None) -> Array:
        """New samples; the same seed gives the same inputs on every machine."""
        raise InputError(
            f"{self.model.family} nets need an input: use transform (run --input FILE)"
        )

    def transform(self, images: Array) -> Array:
        """Images in, images out."""
        raise InputError(f"{self.model.family} nets take no input images: use {self.offers}")

    def encode(self, images: Array) -> Array:
        """Images to codes."""
        raise InputError(f"{self.model.family} nets have no encode: use {self.offers}")

    def decode(self, codes: Array) -> Array:
        """Codes to images."""
        raise InputError(f"{self.model.family} nets have no decode: use {self.offers}")

    def reconstruct(self, images: Array) -> Array:
        """Images to codes and back."""
        raise InputError(f"{self.model.family} nets have no reconstruct: use {self.offers}")

    def output(self, signature: str, result: Arrays) -> Array:
        """The first output of a signature, which is the one that metrics compare."""
        return result[self.model.signatures[signature].outputs[0].name]

    def draw_input(self, tensor: Tensor, count: int, random: Random, data: Arrays | None) -> Array:
        """One input by its role: latents from the prior, labels in turn, textures as samples."""
        if data is not None and tensor.name in data:
            return check_rows(tensor, data[tensor.name])[:count]
        shape = (count, *static_shape(tensor)[1:])
        if tensor.role == "label":
            return labels(tensor, np.arange(count), self.classes(tensor))
        if tensor.role == "sample":
            return stand_ins(tensor, count, random)
        if self.model.settings.prior == "uniform":
            return (2 * random.uniform(shape) - 1).astype(tensor.dtype)
        return random.normal(shape).astype(tensor.dtype)

    def classes(self, tensor: Tensor) -> int:
        """How many labels an input takes; InputError when that is unknown or told otherwise."""
        told = self.model.settings.classes
        if is_index(tensor):
            if told is None:
                raise InputError(
                    f"input '{tensor.name}' is a class index of unknown size; give --classes N"
                )
            return told
        width = elements(tensor)
        if told not in (None, width):
            raise InputError(
                f"input '{tensor.name}' is a one-hot row of {width} classes, not {told}; "
                "leave out --classes"
            )
        return width


def check_count(count: int) -> None:
    """Raises InputError unless `count` samples can be made."""
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise InputError(f"count is {count!r}; it must be a whole number, 1 or more")


def is_vector(tensor: Tensor) -> bool:
    """Rank 1 or 2, or an image of 1×1 pixels, whose channels may also come first."""
    sizes = tensor.shape[1:]
    last = all(size == 1 for size in sizes[:-1])
    # Of rank 3, (N, T, 1) is a signal.
    return last or (len(sizes) > 2 and all(size == 1 for size in sizes[1:]))


def is_label(tensor: Tensor, part: PartInfo) -> bool:
    """A class label: a vector of integers, fed to an embedding, or second and named like one."""
    if not is_vector(tensor):
        return False
    if tensor.name in part.classes or tensor.dtype.startswith(("int", "uint")):
        return True
    return len(part.inputs) > 1 and bool(LABEL.search(tensor.name))


def is_index(tensor: Tensor) -> bool:
    """Whether a label input takes the class number itself rather than a one-hot row."""
    return all(size == 1 for size in tensor.shape[1:])


def class_count(tensor: Tensor, part: PartInfo) -> int | None:
    """The classes of a label: of the embedding it feeds, or its one-hot width; None if unknown."""
    width = None if is_index(tensor) else elements(tensor)
    return part.classes.get(tensor.name) or width


def elements(tensor: Tensor) -> int:
    """Values per sample; free dimensions count as many."""
    return int(np.prod([size or 1 << 16 for size in tensor.shape[1:]]))


def labels(tensor: Tensor, numbers: Array, classes: int) -> Array:
    """Class numbers (wrapped at `classes`) in the form the input takes: index or one-hot."""
    numbers = numbers % classes
    rows = numbers if is_index(tensor) else np.eye(classes)[numbers]
    return rows.reshape(len(numbers), *static_shape(tensor)[1:]).astype(tensor.dtype)


def paired(draws: Arrays) -> dict[str, Array]:
    """As many rows of each input as the shortest has: data may give fewer than were asked for."""
    rows = min(len(array) for array in draws.values())
    return {name: array[:rows] for name, array in draws.items()}


def static_shape(tensor: Tensor) -> tuple[int, ...]:
    """The shape with a batch of 1 where it is free; other free dimensions are an error."""
    shape = (tensor.shape[0] or 1, *tensor.shape[1:])
    if any(size is None for size in shape):
        raise InputError(f"input '{tensor.name}' {shape} has free dimensions; give --input-size")
    return tuple(int(size or 0) for size in shape)


def check_rows(tensor: Tensor, rows: Array) -> Array:
    """`rows` as this input takes them; raises InputError on a wrong shape or wrong values."""
    rows = np.asarray(rows)
    if rows.shape[1:] != static_shape(tensor)[1:]:
        want = ("N", *static_shape(tensor)[1:])
        raise InputError(f"data for input '{tensor.name}' is {rows.shape}, expected {want}")
    return cast(check_values(tensor, rows), tensor.dtype)


def stand_ins(tensor: Tensor, count: int, random: Random) -> Array:
    """Synthetic textures in an input's range and type, in place of real samples."""
    shape = (count, *static_shape(tensor)[1:])
    return cast(textures(shape, random, tensor.range or (0.0, 1.0)), tensor.dtype)


def unique(tensors: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """The tensors with repeated names numbered: label, label_2."""
    found: dict[str, Tensor] = {}
    for tensor in tensors:
        names = chain([tensor.name], (f"{tensor.name}_{k}" for k in count(2)))
        name = next(name for name in names if name not in found)
        found[name] = rename(tensor, name, tensor.role)
    return tuple(found.values())


def rename(tensor: Tensor, name: str, role: str) -> Tensor:
    """The same tensor under the family's name for it."""
    return Tensor(
        name=name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        role=role,
        range=tensor.range,
        source=tensor.source,
    )

"""What every family does: describe its signatures, draw inputs, run its loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgekit.data.rng import Random
from edgekit.data.tensors import elements, is_index, is_vector
from edgekit.data.textures import textures
from edgekit.data.values import cast, check_values
from edgekit.errors import InputError, did_you_mean
from edgekit.families._draw import drawn, prior_values
from edgekit.families._inputs import class_count, is_label
from edgekit.machine.memory import check_memory
from edgekit.model import Model, Settings, Signature, Tensor
from edgekit.typed import Typed

Array = NDArray[Any]
MOST_SAMPLES = 1 << 32  # of one call
FEW_BYTES = 1 << 28  # that every machine has
Arrays = Mapping[str, Array]


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


class Family(ABC):
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
    @abstractmethod
    def describe(
        cls, parts: Mapping[str, PartInfo], *, forced: bool = False
    ) -> dict[str, Signature] | None:
        """The signatures of these parts seen as this family, or None when they do not fit.

        `forced`: the user named the family, so what only hints at another one does not count.
        """

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
    @abstractmethod
    def problems(cls, model: Model) -> Iterator[str]:
        """What keeps the signatures of a model from being those of this family, in words."""

    @classmethod
    def doubts(cls, signature: Signature) -> Iterator[str]:
        """What may be wrong in how this signature's inputs were taken, in words for the user."""
        yield from ()

    @classmethod
    @abstractmethod
    def shown(cls, model: Model) -> str:
        """The output of the trial that stands in the report."""

    @classmethod
    def output_tensor(cls, model: Model, output: str) -> Tensor:
        """The description of one output of the trial, as `outputs` names it."""
        signature, _, name = output.partition("/")
        outputs = model.signatures[signature].outputs
        return next((tensor for tensor in outputs if tensor.name == name), outputs[0])

    @abstractmethod
    def draw(self, count: int, seed: int, data: Arrays | None = None) -> dict[str, Array]:
        """`count` paired inputs of a trial: random, or the rows of `data` where it has them.

        May run the model (an autoencoder decodes samples to have images to encode).
        """

    @abstractmethod
    def trial(self, draws: Arrays) -> dict[str, Array]:
        """Run every signature over `draws` as the family does; outputs by signature."""

    def generate(
        self, count: int = 1, seed: int = 0, label: int | None = None, **inputs: Any
    ) -> Array:
        """New samples; the same seed gives the same inputs on every machine."""
        raise InputError(
            f"{self.model.family} nets need an input: use transform (run --input FILE)"
        )

    def transform(self, images: Any = None, **inputs: Any) -> Array:
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

    def outputs(self, signature: str, result: Arrays) -> dict[str, Array]:
        """All outputs of a signature: the first by its name, others as `signature/output`."""
        first, *extra = self.model.signatures[signature].outputs
        more = {f"{signature}/{tensor.name}": result[tensor.name] for tensor in extra}
        return {signature: result[first.name], **more}

    def draw_input(self, tensor: Tensor, count: int, random: Random, data: Arrays | None) -> Array:
        """One input by its domain, else its role: the prior, labels in turn, textures."""
        if data is not None and tensor.name in data:
            return check_rows(tensor, data[tensor.name])[:count]
        shape = (count, *static_shape(tensor)[1:])
        prior = self.model.settings.prior
        if tensor.domain:
            return cast(drawn(shape, tensor.domain, prior, random), tensor.dtype)
        if tensor.role == "label":
            return labels(tensor, np.arange(count), self.classes(tensor))
        if tensor.role == "sample":
            return stand_ins(tensor, count, random)
        return prior_values(prior, random.uniform(shape)).astype(tensor.dtype)

    def rows_of(self, tensor: Tensor, given: Any, count: int) -> Array:
        """What the user gives for one input, as `count` rows: as many, one row, or one number.

        A number for a label is a class.
        """
        rows, shape = np.asarray(given), static_shape(tensor)[1:]
        if rows.ndim == 0 and tensor.role == "label":
            number, classes = self.known_class(tensor, given), self.classes(tensor)
            return labels(tensor, np.full(count, number), classes)
        if rows.ndim == 0:
            rows = np.full((count, *shape), given)
        elif rows.shape == (count,) and elements(tensor) == 1:
            rows = rows.reshape(count, *shape)
        elif rows.shape == shape:
            rows = rows[None]
        if len(rows) not in (1, count):
            raise InputError(f"input '{tensor.name}' has {len(rows)} rows, expected {count}")
        counted = self.model.settings.classes is not None and rows.dtype.kind in "iuf"
        if tensor.role == "label" and is_index(tensor) and counted:
            for extreme in (rows.min(), rows.max()):
                self.known_class(tensor, int(extreme))
        return check_rows(tensor, np.broadcast_to(rows, (count, *rows.shape[1:])))

    def known_class(self, tensor: Tensor, label: int) -> int:
        """The label, if the input has such a class."""
        classes = self.classes(tensor)
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
            raise InputError(f"label is {label!r}; a label is a whole number, 0 to {classes - 1}")
        if not 0 <= label < classes:
            raise InputError(f"label {label} is not in 0…{classes - 1}")
        return int(label)

    def classes(self, tensor: Tensor) -> int:
        """How many labels an input takes; InputError when that is unknown or told otherwise."""
        told = self.model.settings.classes
        columns = one_hot_columns(tensor)
        if columns:
            return len(range(elements(tensor))[columns])
        if is_index(tensor):
            if told is None and tensor.domain:
                return int(tensor.domain[-1].bounds[1]) + 1
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


def one_hot_columns(tensor: Tensor) -> slice | None:
    """Where a class stands within a vector; None when it holds none."""
    found = next((d for d in tensor.domain if d.distribution == "one-hot"), None)
    if found is None or not is_vector(tensor):
        return None
    first, last = found.columns or (0, elements(tensor) - 1)
    return slice(first, last + 1)


def check_known(given: Iterable[str], known: Sequence[str]) -> None:
    """Raises InputError for an input that the net has not."""
    for name in given:
        if name not in known:
            raise InputError(f"this net takes no '{name}'; {did_you_mean(name, known)}")


def check_count(count: int, signature: Signature) -> None:
    """Raises InputError unless `count` samples can be made, and held in memory."""
    if not isinstance(count, (int, np.integer)) or count < 1:
        raise InputError(f"count is {count!r}; it must be a whole number, 1 or more")
    if count > MOST_SAMPLES:
        raise InputError(f"count is {str(count)[:20]}; at most {MOST_SAMPLES} can be made at once")
    each = 8 * sum(map(elements, (*signature.inputs, *signature.outputs)))
    if count * each > FEW_BYTES:
        check_memory(int(count) * each, f"{count} samples")


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


def rename(tensor: Tensor, name: str, role: str) -> Tensor:
    """The same tensor under the family's name for it."""
    return msgspec.structs.replace(tensor, name=name, role=role)

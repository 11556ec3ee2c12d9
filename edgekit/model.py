"""A trained generative model in hand: its family, signatures, ranges and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from edgekit.domain import Domain
from edgekit.errors import ModelError
from edgekit.typed import Typed, convert, to_json

Range = tuple[float, float]
Prior = Literal["normal", "uniform"]
ROLES = ("latent", "label", "condition", "sample", "code", "extra")
Noise = Literal["mean", "input"]
ORIGINAL = "original"  # the kind of a model whose files a source reads
# In recorded inputs, beside those of a signature: the number of the draw that led to each row.
DRAW = "#"


class Tensor(Typed, frozen=True):
    """One input or output of a signature.

    `shape` includes the batch; None is a free dimension. `role` says what the values mean to the
    family, one of ROLES. `range` is the interval that the values are meant to span, None when
    unknown. `source` is the name or position in the original net. `domain` says how values are
    drawn where none are given; the role does where it is empty.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    role: str = "sample"
    range: Range | None = None
    source: str | int = 0
    domain: tuple[Domain, ...] = ()


class Tiling(Typed, frozen=True):
    """How a net of one size is run on signals of any size, in tiles that overlap.

    `margin` is how many samples at the inner edges of a tile are dropped; tiles begin at multiples
    of `align`. `seam` is how far neighbouring tiles were seen to disagree where they are joined,
    relative to the range of the output; `exact`: by rounding only.
    """

    margin: int
    align: int = 1
    seam: float = 0.0
    exact: bool = True


class Signature(Typed, frozen=True):
    """One callable of a model: named inputs to named outputs, computed by one part.

    `tiling` is None where the net takes its own size only. `untiled` is why tiles, although they
    can be made, do not give what the net makes of the whole.
    """

    part: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    tiling: Tiling | None = None
    untiled: str = ""

    def input(self, role: str) -> Tensor | None:
        """The first input with this role."""
        return next((tensor for tensor in self.inputs if tensor.role == role), None)


class Settings(Typed, frozen=True):
    """What a family needs to know beyond shapes, to draw inputs as training did.

    `prior` is "normal" (mean 0, deviation 1) or "uniform" (-1…1). `classes` is the number of
    labels of a conditional net.
    """

    prior: Prior = "normal"
    classes: int | None = None


class Model(Typed, frozen=True):
    """What passes take and give: a description (model.json) beside its files in one folder.

    `kind` is the format of the files: original (what the user gave), saved-model (static shapes),
    or one that an engine reads, such as tflite and openvino-ir. `files` maps a part (original) or
    signature (all other kinds) to its file, relative to the folder; `entries` maps a signature to
    its name in a file that holds several. `range_doubt` holds the input ranges that fit as well as
    the one that was taken: empty where it is known. `noise` is what normal noise that the net draws
    has become: its mean, or an input.
    """

    kind: str
    family: str
    signatures: dict[str, Signature]
    files: dict[str, str]
    entries: dict[str, str] = {}  # noqa: RUF012 - a struct field, copied for each instance
    settings: Settings = Settings()
    parameters: int = 0
    noise: Noise | None = None
    license: str = ""
    notes: str = ""
    remarks: tuple[str, ...] = ()
    range_doubt: tuple[Range, ...] = ()

    def replace(self, **changes: Any) -> Model:
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def save(self, folder: Path) -> None:
        """Write model.json into the folder that holds the files."""
        (folder / "model.json").write_text(to_json(self), encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Model:
        """Read model.json from a folder of the work space."""
        path = folder / "model.json"
        try:
            data = msgspec.json.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise ModelError(f"'{path}' cannot be read: {error}") from None
        return convert(data, Model, f"'{path}'")

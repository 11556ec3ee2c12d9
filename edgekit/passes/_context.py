"""What a pass is given besides the model and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgekit.data import npz
from edgekit.data.values import padded
from edgekit.errors import PassError
from edgekit.model import DRAW, Model, Signature
from edgekit.sources import Trust
from edgekit.typed import Typed

Array = NDArray[Any]


class Context(Typed, frozen=True):
    """Folders of the step, and what the user trusts. `calibration` is an npz of recorded inputs."""

    source: Path
    output: Path
    calibration: Path | None = None
    trust: Trust = Trust()


def calibration_rows(
    ctx: Context, name: str, signature: Signature, rows: int | None = None
) -> list[dict[str, Array]]:
    """What one signature saw on the original's runs: one dict of input batches for each call.

    `rows`: only what the first so many draws led to, as if no more had been recorded; a batch at
    least.
    """
    if ctx.calibration is None:
        raise PassError("this pass needs calibration data and was given none")
    recorded = npz.read(ctx.calibration)
    arrays = {tensor.name: recorded[f"{name}/{tensor.name}"] for tensor in signature.inputs}
    batch = int(signature.inputs[0].shape[0] or 1)
    if rows is not None:
        early = recorded[f"{name}/{DRAW}"] < max(rows, batch)
        arrays = {key: array[early] for key, array in arrays.items()}
    arrays = {key: padded(array, batch) for key, array in arrays.items()}  # one batch at least
    count = len(next(iter(arrays.values()))) // batch
    return [
        {key: array[i * batch : (i + 1) * batch] for key, array in arrays.items()}
        for i in range(count)
    ]


def artifact(ctx: Context, name: str, suffix: str) -> Path:
    """Where a pass writes the artifact of a signature."""
    return ctx.output / f"{name}{suffix}"


def with_files(model: Model, kind: str, suffix: str) -> Model:
    """The model after a pass that wrote one artifact for each signature."""
    return model.replace(kind=kind, files={name: name + suffix for name in model.signatures})

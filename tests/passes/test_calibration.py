"""`rows`: as if no more than the first so many draws had been recorded."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from edgekit.data import npz
from edgekit.model import Signature, Tensor
from edgekit.original.reference import Recorder
from edgekit.passes._context import Context, calibration_rows
from tests.plan.plans import planned

DECODE = Signature(
    part="net",
    inputs=(Tensor(name="z", shape=(1, 1), role="latent"),),
    outputs=(Tensor(name="sample", shape=(1, 1)),),
)


class Net:
    """Computes nothing."""

    def run(self, signature: str, inputs: object) -> dict[str, npz.Arrays]:
        return {}


def recorded(folder: Path, draws: int) -> Context:
    """What a loop recorded that decodes its latents, then the codes of its images."""
    recorder = Recorder(Net())  # type: ignore[arg-type]
    for first in (0, 1000):
        values = np.arange(first, first + draws, dtype=np.float32)[:, None]
        recorder.run("decode", {"z": values})
    path = folder / f"{draws}.npz"
    npz.write(path, {name: np.concatenate(arrays) for name, arrays in recorder.seen.items()})
    return Context(source=folder, output=folder, calibration=path)


@pytest.mark.parametrize("rows", [1, 4, 9])
def test_rows_are_those_that_fewer_draws_would_give(tmp_path: Path, rows: int) -> None:
    many, few = recorded(tmp_path, 16), recorded(tmp_path, rows)
    taken = calibration_rows(many, "decode", DECODE, rows)
    assert taken == calibration_rows(few, "decode", DECODE)
    assert [float(row["z"][0, 0]) for row in taken] == [*range(rows), *range(1000, 1000 + rows)]


def test_all_there_are(tmp_path: Path) -> None:
    few = recorded(tmp_path, 4)
    assert len(calibration_rows(few, "decode", DECODE)) == 8
    assert len(calibration_rows(few, "decode", DECODE, 100)) == 8


def test_fewer_rows_than_a_batch_are_one_batch(tmp_path: Path) -> None:
    inputs = (Tensor(name="z", shape=(8, 1), role="latent"),)
    whole = msgspec.structs.replace(DECODE, inputs=inputs)
    taken = calibration_rows(recorded(tmp_path, 16), "decode", whole, 4)
    assert [len(batch["z"]) for batch in taken] == [8, 8]
    inputs = (Tensor(name="z", shape=(100, 1), role="latent"),)
    larger = msgspec.structs.replace(DECODE, inputs=inputs)
    (batch,) = calibration_rows(recorded(tmp_path, 16), "decode", larger)
    assert batch["z"].ravel().tolist() == [*range(16), *range(1000, 1016), *[1015] * 68]


def test_a_recipe_that_asks_for_more_rows_gets_them(tmp_path: Path) -> None:
    recipe = tmp_path / "more.toml"
    recipe.write_text('description = ""\nlitert = [{ pass = "quantize", rows = 500 }]\n')
    plan = planned("linux-litert", [str(recipe), "int8"])
    assert plan.rows == 500
    assert planned("linux-litert", ["int8"]).rows == 0

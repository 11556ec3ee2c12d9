"""Any number of rows through artifacts of one static batch, and clear refusals."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgekit import plugin
from edgekit.device import Device
from edgekit.errors import InputError
from edgekit.model import Model, Signature, Tensor
from edgekit.runtime.runner import EngineRunner

Array = NDArray[Any]


class FakeEngine:
    """Adds the label to every latent; a second output counts the values of a row."""

    def __init__(self) -> None:
        self.loaded: list[tuple[Path, int]] = []
        self.batches: list[list[Array]] = []

    def check_installed(self) -> None:
        """Always."""

    DEVICES = ("cpu",)

    def load(self, path: Path, signature: Signature, device: Device, entry: str) -> Any:
        self.loaded.append((path, device.threads))

        def call(inputs: list[Array]) -> list[Array]:
            for tensor, array in zip(signature.inputs, inputs, strict=True):
                assert array.shape == tensor.shape
                assert array.dtype == tensor.dtype
            self.batches.append(inputs)
            latents, labels = inputs
            return [latents + labels, np.full(len(latents), latents.shape[1])]

        return call


def runner(batch: int = 2) -> tuple[EngineRunner, FakeEngine]:
    inputs = (
        Tensor(name="z", shape=(batch, 3), role="latent"),
        Tensor(name="label", shape=(batch, 1), dtype="int32", role="label"),
    )
    outputs = (Tensor(name="sum", shape=(batch, 3)), Tensor(name="width", shape=(batch,)))
    signature = Signature(part="net", inputs=inputs, outputs=outputs)
    model = Model(
        kind="tflite",
        family="latent",
        signatures={"generate": signature},
        files={"generate": "generate.tflite"},
    )
    engine = FakeEngine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugin, "part", lambda name, part: engine)
        return EngineRunner(Path("folder"), model, "fake", Device(threads=3)), engine


def rows(count: int) -> dict[str, Array]:
    return {
        "z": np.arange(3.0 * count, dtype=np.float32).reshape(count, 3),
        "label": np.arange(count, dtype=np.int32)[:, None] * 100,
    }


@given(st.integers(1, 20), st.integers(1, 8))
def test_rows_go_through_in_whole_batches(count: int, batch: int) -> None:
    running, engine = runner(batch)
    inputs = rows(count)
    outputs = running.run("generate", inputs)
    assert list(outputs) == ["sum", "width"]
    assert np.array_equal(outputs["sum"], inputs["z"] + inputs["label"])
    assert outputs["width"].tolist() == [3] * count
    assert len(engine.batches) == -(-count // batch)


def test_the_last_batch_repeats_its_last_row() -> None:
    """A row of zeros might be out of the net's range; one that was given is not."""
    running, engine = runner(batch=4)
    running.run("generate", rows(6))
    assert engine.batches[-1][1].ravel().tolist() == [400, 500, 500, 500]


def test_an_artifact_is_loaded_once_when_it_is_needed() -> None:
    running, engine = runner()
    assert engine.loaded == []
    running.run("generate", rows(2))
    running.run("generate", rows(3))
    assert engine.loaded == [(Path("folder/generate.tflite"), 3)]


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "bool"])
def test_other_numbers_are_converted(dtype: str) -> None:
    running, _ = runner()
    inputs = rows(2) | {"z": np.ones((2, 3), dtype)}
    assert running.run("generate", inputs)["sum"].tolist() == [[1] * 3, [101] * 3]


def test_lists_are_taken_as_arrays() -> None:
    running, _ = runner()
    outputs = running.run("generate", {"z": [[1, 2, 3]], "label": [[1]]})
    assert outputs["sum"].tolist() == [[2, 3, 4]]


def refusals() -> Iterator[Any]:
    good = rows(2)
    z, label = good["z"], good["label"]
    yield pytest.param({"z": z}, "input 'label' is missing; got: z", id="missing")
    yield pytest.param({}, "input 'z' is missing; got: none", id="nothing")
    shapes = {"wide": (2, 4), "one row": (3,), "deep": (2, 3, 1), "scalar": (), "empty": (0, 3)}
    for name, shape in shapes.items():
        message = f"input 'z' has shape {shape}, expected ('N', 3)"
        yield pytest.param({"z": np.zeros(shape), "label": label}, message, id=name)
    for dtype in ("U3", "complex64", "object"):
        message = f"input 'z' holds {np.dtype(dtype)}, expected float32"
        yield pytest.param({"z": np.zeros((2, 3), dtype), "label": label}, message, id=dtype)
    message = "inputs of 'generate' differ in their number of rows (z: 2, label: 1)"
    yield pytest.param({"z": z, "label": label[:1]}, message, id="rows")


@pytest.mark.parametrize(("inputs", "message"), list(refusals()))
def test_wrong_inputs_are_refused_before_the_engine_sees_them(
    inputs: dict[str, Any], message: str
) -> None:
    running, engine = runner()
    with pytest.raises(InputError) as caught:
        running.run("generate", inputs)
    assert str(caught.value) == message
    assert engine.batches == []


def test_an_engine_that_is_not_installed_is_told_at_once() -> None:
    def missing() -> None:
        raise InputError("not installed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            plugin, "part", lambda *_: SimpleNamespace(DEVICES=("cpu",), check_installed=missing)
        )
        with pytest.raises(InputError, match="not installed"):
            EngineRunner(
                Path(), Model(kind="x", family="x", signatures={}, files={}), "x", Device()
            )

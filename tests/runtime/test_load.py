"""A bundle from its folder to samples, with NumPy in the place of the engine."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import edgekit
from edgekit.data.rng import Random
from edgekit.device import Device
from edgekit.engines.litert import runtime as litert
from edgekit.errors import BundleError, EngineError, InputError
from edgekit.model import Model, Signature, Tensor
from tests.tiny import bundled

MODEL = Model(
    kind="tflite",
    family="latent",
    signatures={
        "generate": Signature(
            part="net",
            inputs=(Tensor(name="z", shape=(2, 4), role="latent"),),
            outputs=(Tensor(name="sample", shape=(2, 4)),),
        )
    },
    files={"generate": "generate.tflite"},
)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """LiteRT doubles its input; gives the threads it was loaded with."""
    threads: list[int] = []

    def load(path: Path, signature: Signature, device: Device, entry: str) -> Any:
        if path.read_bytes() != b"net":
            raise EngineError("no net")
        threads.append(device.threads)
        return lambda inputs: [2 * inputs[0]]

    monkeypatch.setattr(litert, "check_installed", lambda: None)
    monkeypatch.setattr(litert, "load", load)
    return threads


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "generate.tflite").write_bytes(b"net")
    device = Device(threads=4)
    return bundled(
        tmp_path, MODEL, "litert", name="net", target="raspberry-pi-5", recipe="int8", device=device
    )


@pytest.mark.parametrize("as_path", [Path, str])
def test_generate(bundle: Path, engine: list[int], as_path: Any) -> None:
    images = edgekit.load(as_path(bundle)).generate(count=5, seed=7)
    assert np.array_equal(images, 2 * Random(7).normal((5, 4)))


def test_more_samples_begin_with_the_same_ones(bundle: Path, engine: list[int]) -> None:
    net = edgekit.load(bundle)
    few: NDArray[Any] = net.generate(count=3, seed=1)
    assert np.array_equal(net.generate(count=8, seed=1)[:3], few)


@pytest.mark.parametrize(("cores", "asked", "used"), [(8, None, 4), (2, None, 2), (2, 3, 3)])
def test_threads_are_the_targets_unless_told_otherwise(
    bundle: Path,
    engine: list[int],
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    asked: int | None,
    used: int,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    edgekit.load(bundle, threads=asked).generate()
    assert engine == [used]


def test_an_altered_bundle_never_reaches_the_engine(bundle: Path, engine: list[int]) -> None:
    (bundle / "generate.tflite").write_bytes(b"ten")
    with pytest.raises(BundleError, match=r"generate\.tflite"):
        edgekit.load(bundle)
    assert engine == []


def test_not_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`edgekit convert` makes one"):
        edgekit.load(tmp_path)


def test_what_was_loaded_is_told(bundle: Path, engine: list[int]) -> None:
    shown = repr(edgekit.load(bundle))
    assert shown == "<latent net 'net' for raspberry-pi-5, recipe int8>"

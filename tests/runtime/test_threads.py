"""One loaded bundle in many threads: every caller gets its own samples, on both engines."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.device import Device
from edgekit.engines.litert import runtime as litert
from edgekit.errors import EngineError
from edgekit.model import Model, Signature
from edgekit.runtime.runner import EngineRunner
from tests.tiny import generator_bundle, litert_bundle

THREADS, CALLS = 4, 200


@pytest.fixture(params=[generator_bundle, litert_bundle])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make: Callable[[Path], Path] = request.param
    return make(tmp_path / "bundle")


def test_threads_get_what_they_asked_for(bundle: Path) -> None:
    """A web server's handlers share one net: without a lock, most samples are another's."""
    net = edgekit.load(bundle)
    expected = [net.generate(2, seed) for seed in range(THREADS)]

    def wrong(seed: int) -> int:
        calls = (net.generate(2, seed) for _ in range(CALLS))
        return sum(not np.array_equal(made, expected[seed]) for made in calls)

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(wrong, range(THREADS))) == 0


def test_arrays_are_the_callers_own(bundle: Path) -> None:
    """What the next call makes is not written over them, and they may be changed."""
    net = edgekit.load(bundle)
    first = net.generate(2, seed=1)
    kept = first.copy()
    net.generate(2, seed=2)
    assert np.array_equal(first, kept)
    first[:] = 0
    assert np.array_equal(net.generate(2, seed=1), kept)


def test_an_artifact_is_loaded_once_however_many_threads_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All threads ask while the first one loads."""
    loads, asked = [], threading.Barrier(THREADS)
    begun = threading.Event()

    def load(path: Path, signature: Signature, device: Device, entry: str) -> Any:
        loads.append(path)
        begun.wait(0.2)
        return lambda inputs: inputs

    monkeypatch.setattr(litert, "check_installed", lambda: None)
    monkeypatch.setattr(litert, "load", load)
    signature = Signature(part="net", inputs=(), outputs=())
    model = Model(
        kind="tflite", family="latent", signatures={"generate": signature}, files={"generate": "g"}
    )
    runner = EngineRunner(tmp_path, model, "litert", Device())

    def ask(_: int) -> Any:
        asked.wait()
        return runner.load("generate")

    with ThreadPoolExecutor(THREADS) as pool:
        calls = set(map(id, pool.map(ask, range(THREADS))))
    assert (len(loads), len(calls)) == (1, 1)


def test_a_forked_process_is_told_to_load_its_own(
    monkeypatch: pytest.MonkeyPatch, bundle: Path
) -> None:
    """It might wait for ever for the engine's threads, which are not forked."""
    net = edgekit.load(bundle)
    parent = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: parent + 1)
    with pytest.raises(EngineError, match="load it in each worker, after the fork"):
        net.generate()

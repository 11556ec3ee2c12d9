"""Checks of a bundle on the machine at hand: needs only its engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.bundle.manifest import GOLDEN, Manifest
from edgekit.bundle.opened import opened
from edgekit.bundle.reading import read_manifest
from edgekit.data import npz
from edgekit.errors import BundleError, InputError, PassError
from edgekit.measure.fidelity import score, span, unchecked
from edgekit.measure.latency import (
    Latency,
    in_turn,
    interleaved,
    peak,
    resident,
    signature_call,
    warm_engine,
)
from edgekit.plan.gate import parse_gate
from edgekit.runtime import as_family
from edgekit.runtime.artifacts import usable
from edgekit.runtime.runner import EngineRunner
from edgekit.typed import Typed

Array = NDArray[Any]


class Outcome(Typed, frozen=True):
    """What validation found. `drift` compares the artifact's outputs here and at conversion.

    `scores` compare golden outputs with the original's, `converted` those of the whole
    conversion; `missed` names the gates that are not met here, `unchecked` those that the golden
    samples tell nothing of, and why. `latency` is of one pass over all signatures, `latency_then`
    the seconds that it took at conversion.
    """

    files: int
    threads: int
    scores: dict[str, float]
    converted: dict[str, float]
    gates: dict[str, str]
    missed: tuple[str, ...]
    unchecked: tuple[str, ...]
    drift: float
    latency: Latency
    memory: int
    load_seconds: float
    latency_then: float | None = None


class Timing(Typed, frozen=True):
    """The latency of one signature with so many threads; the ratio is to the first count."""

    signature: str
    threads: int
    latency: Latency


def validate(bundle: Path, threads: int | None = None, seconds: float = 1.0) -> Outcome:
    """Check files, run the golden samples, compare, and time.

    Raises:
        BundleError: files altered or golden samples missing.
        PassError: the artifact gives NaN here.
    """
    manifest = read_manifest(bundle)
    artifact = usable(manifest)
    model, device = manifest.model(artifact), artifact.device.here(threads)
    golden = read_golden(bundle, manifest)
    warm_engine(artifact.engine)
    before, start = resident(), time.perf_counter()
    with opened(bundle, manifest, artifact) as folder:
        runner = EngineRunner(folder, model, artifact.engine, device, bundle)
        calls = [signature_call(runner, model, name) for name in model.signatures]
    load_seconds = time.perf_counter() - start
    for call in calls:
        call()
    memory = max(0, peak() - before)
    net = as_family(model, runner)
    outputs = net.trial(golden["draws"])
    check_golden(golden, outputs)
    original, artifact_then = (
        {name: golden[group][name] for name in outputs} for group in ("original", "artifact")
    )
    if not all(np.isfinite(array).all() for array in outputs.values()):
        raise PassError(f"'{bundle}' gives NaN or infinite values on this machine")
    scores = score(type(net), model, original, outputs, None)
    drift = max(
        float(np.abs(np.subtract(outputs[name], array, dtype=np.float64)).max())
        / span(net.output_tensor(model, name), array)
        for name, array in artifact_then.items()
    )
    gates = {metric: parse_gate(metric + bound) for metric, bound in manifest.gates.items()}
    # Golden samples are few: where the whole conversion met a gate and they alone missed it even
    # then, that says nothing of this machine.
    then = score(type(net), model, original, artifact_then, None)
    known = [g for g in gates.values() if g.met(manifest.scores) and not g.met(then)]
    missed = tuple(str(g) for g in gates.values() if not g.met(scores) and g not in known)
    (timing,) = interleaved([in_turn(calls)], seconds)
    return Outcome(
        files=len(manifest.files),
        threads=device.threads,
        scores=scores,
        converted=manifest.scores,
        gates=manifest.gates,
        missed=missed,
        unchecked=tuple(unchecked(list(gates.values()), scores, len(next(iter(outputs.values()))))),
        drift=drift,
        latency=timing,
        memory=memory,
        load_seconds=load_seconds,
        latency_then=manifest.seconds,
    )


class Group(dict[str, Array]):
    """Golden samples of one kind by name; one that is not there is an error of the bundle."""

    def __missing__(self, name: str) -> Array:
        raise BundleError(f"golden.npz has no {name[:80]!r}; copy the bundle again")


def read_golden(bundle: Path, manifest: Manifest) -> dict[str, Group]:
    """The golden samples: draws, and the outputs of original and artifact, by group."""
    if GOLDEN not in manifest.assets:
        raise BundleError(f"'{bundle}' has no golden samples; convert the model again")
    groups = {"draws": Group(), "original": Group(), "artifact": Group()}
    try:
        for key, rows in npz.read(bundle / manifest.assets[GOLDEN]).items():
            group, _, name = key.partition("/")
            if group in groups:  # a later edgekit may keep others
                groups[group][name] = rows
    except InputError as error:
        place = bundle / manifest.assets[GOLDEN]
        raise BundleError(f"'{place}' cannot be read: {error}") from None
    return groups


def check_golden(golden: dict[str, Group], outputs: dict[str, Array]) -> None:
    """Check that the golden outputs are those that the net has here.

    Raises:
        BundleError: naming the first that is not.
    """
    for name, array in outputs.items():
        for group in ("original", "artifact"):
            if (shape := golden[group][name].shape) != array.shape:
                raise BundleError(
                    f"golden.npz has '{group}/{name}' of shape {shape}, the net gives "
                    f"{array.shape}; copy the bundle again"
                )


def bench(bundle: Path, threads: Sequence[int], seconds: float) -> list[Timing]:
    """Time each signature for each number of threads, in turns."""
    manifest = read_manifest(bundle)
    artifact = usable(manifest)
    model, timings = manifest.model(artifact), []
    for name in model.signatures:
        calls = []
        with opened(bundle, manifest, artifact) as folder:
            for count in threads:
                device = artifact.device.here(count)
                runner = EngineRunner(folder, model, artifact.engine, device, bundle)
                calls.append(signature_call(runner, model, name))
        results = interleaved(calls, seconds * len(threads))
        timings += [
            Timing(signature=name, threads=count, latency=latency)
            for count, latency in zip(threads, results, strict=True)
        ]
    return timings

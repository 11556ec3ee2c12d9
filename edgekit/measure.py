"""Runs artifacts through the runtime, as the device will: outputs, memory, latency.

Imports no converter, so that the figures are those of the device's own process.
"""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit import npz, plugin
from edgekit.coverage import Coverage, coverage
from edgekit.errors import PassError
from edgekit.model import Model
from edgekit.runtime import as_family
from edgekit.runtime.runner import EngineRunner
from edgekit.typed import Typed

Array = NDArray[Any]
SLICE_SECONDS = 0.02  # each turn of a candidate lasts about this long
STEADY = 0.06  # how wide a ratio's interval may be, relative, before more turns are taken
PATIENCE = 3  # at most so many times the seconds that were asked for


class Latency(Typed, frozen=True):
    """Seconds for one pass over every signature, and the ratio to the first candidate.

    The ratio is the median over turns, since both met the same state of the machine in each;
    `seconds` is that ratio times the median of the first. `ratio_low` and `ratio_high` bound the
    ratio with 95 % confidence; `noise` is the relative spread (median absolute deviation) of the
    candidate's own turns.
    """

    seconds: float
    ratio: float
    ratio_low: float
    ratio_high: float
    noise: float
    runs: int

    @property
    def spread(self) -> float:
        """Half the width of the ratio's interval, of its logarithm."""
        return math.log(self.ratio_high / self.ratio_low) / 2

    @property
    def interval(self) -> str:
        """The bounds of the ratio as text."""
        return f"{self.ratio_low:.2f}…{self.ratio_high:.2f}"


class Trial(Typed, frozen=True):
    """What running an artifact told: memory in bytes, and how much its engine sped up."""

    memory: int
    load_seconds: float
    coverage: Coverage


def trial(output: Path, artifact: Path, engine: str, draws: Path, threads: int) -> Trial:
    """Run the family's loop on the given draws; writes outputs.npz.

    Raises:
        PassError: outputs that are not finite.
        EngineError: the engine refuses the artifact.
    """
    model = Model.load(artifact)
    warm_engine(engine)
    before, start = resident(), time.perf_counter()
    runner = EngineRunner(artifact, model, engine, threads)
    calls = [signature_call(runner, model, name) for name in model.signatures]
    load_seconds = time.perf_counter() - start
    for call in calls:
        call()
    memory = peak() - before
    outputs = as_family(model, runner).trial(npz.read(draws))
    for name, array in outputs.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise PassError(f"the artifact's output '{name}' holds NaN or infinite values")
    npz.write(output / "outputs.npz", outputs)
    return Trial(
        memory=max(memory, 0),
        load_seconds=load_seconds,
        coverage=coverage(artifact, model, engine),
    )


def warm_engine(engine: str) -> None:
    """Import the engine, so that its own size is not counted as the artifact's."""
    module = plugin.load("runtime.engines", engine)
    module.check_installed()
    module.warm()


def resident() -> int:
    """Resident memory of this process now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak() -> int:
    """The most resident memory this process ever had, in bytes.

    Not from getrusage, whose maximum a child process inherits from its parent.
    """
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def latency(
    output: Path, artifacts: list[Path], engine: str, threads: int, seconds: float
) -> list[Latency]:
    """Time artifacts in turns, so that all meet the same state of the machine.

    Args:
        output: unused folder of the job.
        artifacts: model folders; the first is what ratios refer to.
        engine: runs them all.
        threads: CPU threads of the engine.
        seconds: about how long to measure all of them together.
    """
    calls = [all_signatures(path, engine, threads) for path in artifacts]
    return interleaved(calls, seconds)


def all_signatures(folder: Path, engine: str, threads: int) -> Callable[[], None]:
    """A function that runs every signature of a model once, on one static batch."""
    model = Model.load(folder)
    runner = EngineRunner(folder, model, engine, threads)
    return in_turn([signature_call(runner, model, name) for name in model.signatures])


def in_turn(calls: Sequence[Callable[[], Any]]) -> Callable[[], None]:
    """One function that makes all the calls."""

    def run() -> None:
        for call in calls:
            call()

    return run


def signature_call(runner: EngineRunner, model: Model, name: str) -> Callable[[], Any]:
    """One signature on a fixed batch, as a function without arguments."""
    random, call = np.random.default_rng(0), runner.load(name)
    inputs = [
        random.random(tuple(int(n or 1) for n in tensor.shape)).astype(tensor.dtype)
        for tensor in model.signatures[name].inputs
    ]
    return lambda: call(inputs)


def interleaved(calls: Sequence[Callable[[], object]], seconds: float) -> list[Latency]:
    """Time functions in turns: at least seven each, until the time is up and ratios are steady.

    Where the machine is busy it takes longer, up to `PATIENCE` times `seconds`.
    """
    repeats = []
    for call in calls:
        call()  # the first run allocates
        start = time.perf_counter()
        call()
        once = time.perf_counter() - start
        repeats.append(max(1, round(SLICE_SECONDS / max(once, 1e-6))))
    turns: list[list[float]] = [[] for _ in calls]
    start = time.perf_counter()

    def summaries() -> list[Latency]:
        base = np.array(turns[0])
        return [summary(np.array(own), base, n) for own, n in zip(turns, repeats, strict=True)]

    while True:
        for k, call in enumerate(calls):
            begin = time.perf_counter()
            for _ in range(repeats[k]):
                call()
            turns[k].append((time.perf_counter() - begin) / repeats[k])
        passed = time.perf_counter() - start
        if len(turns[0]) >= 7 and passed >= seconds:
            found = summaries()
            if passed >= PATIENCE * seconds or all(map(steady, found)):
                return found


def steady(latency: Latency) -> bool:
    """Whether more turns would hardly tell more."""
    return latency.ratio_high - latency.ratio_low <= STEADY * latency.ratio


def summary(own: Array, base: Array, repeats: int) -> Latency:
    """Medians, and the sign-test bound of the paired ratio."""
    ratios = np.sort(own / base)
    # The interval between these order statistics holds the median with 95 % confidence
    # (binomial with p = 1/2, normal approximation).
    half = int(np.ceil(0.98 * np.sqrt(len(ratios))))
    middle = (len(ratios) - 1) / 2
    low = ratios[max(0, int(middle - half))]
    high = ratios[min(len(ratios) - 1, int(np.ceil(middle + half)))]
    ratio, median = float(np.median(ratios)), float(np.median(own))
    return Latency(
        seconds=ratio * float(np.median(base)),
        ratio=ratio,
        ratio_low=float(low),
        ratio_high=float(high),
        noise=float(np.median(np.abs(own - median)) / median),
        runs=len(own) * repeats,
    )


def pooled(measured: Sequence[Latency]) -> Latency:
    """Several measurements of one ratio as one: the mean of its logarithms, weighted by how exactly
    each was known, with an interval that holds what they differ by as well."""
    logs = np.log([latency.ratio for latency in measured])
    spreads = np.array([max(latency.spread, 1e-3) for latency in measured])
    weights = spreads**-2.0 / np.sum(spreads**-2.0)
    mean = float(weights @ logs)
    within = float(np.sum(spreads**-2.0) ** -0.5)
    between = 1.96 * float(np.sqrt(weights @ (logs - mean) ** 2 / len(measured)))
    spread, ratio = max(within, between), math.exp(mean)
    return Latency(
        seconds=measured[0].seconds * ratio / measured[0].ratio,
        ratio=ratio,
        ratio_low=ratio * math.exp(-spread),
        ratio_high=ratio * math.exp(spread),
        noise=float(np.mean([latency.noise for latency in measured])),
        runs=sum(latency.runs for latency in measured),
    )


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import platform

    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith(("model name", "Model")):
                model = line.split(":", 1)[1].strip()
                break
    return {"architecture": platform.machine(), "cpu": model, "cores": os.cpu_count()}

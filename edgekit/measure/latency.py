"""Runs artifacts through the runtime, as the device will: outputs, memory, latency.

Imports no converter, so that the figures are those of the device's own process.
"""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate, takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit import plugin
from edgekit.data import npz
from edgekit.device import Device
from edgekit.engines import Coverage, coverage
from edgekit.errors import PassError
from edgekit.model import Model
from edgekit.runtime import as_family
from edgekit.runtime.runner import EngineRunner
from edgekit.typed import Typed

Array = NDArray[Any]
SLICE_SECONDS = 0.02  # each turn of a candidate lasts about this long
LEAST_TURNS = 7  # fewer cannot bound a median with 95 % confidence


class Latency(Typed, frozen=True):
    """Seconds for one pass over every signature, and the ratio to the first candidate.

    The ratio is the median over turns, since both met the same state of the machine in each;
    `seconds` is that ratio times the median of the first. `ratio_low` and `ratio_high` bound the
    ratio with 95 % confidence; `noise` is the relative spread (median absolute deviation) of the
    candidate's own turns. `processes` holds, of each process that measured it, a number that no
    other has, the ratio there and its spread: candidates are compared in those that timed both.
    """

    seconds: float
    ratio: float
    ratio_low: float
    ratio_high: float
    noise: float
    runs: int
    processes: tuple[tuple[int, float, float], ...] = ()

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


def trial(output: Path, artifact: Path, engine: str, draws: Path, device: Device) -> Trial:
    """Run the family's loop on the given draws; writes outputs.npz.

    Raises:
        PassError: outputs that are not finite.
        EngineError: the engine refuses the artifact.
    """
    model = Model.load(artifact)
    warm_engine(engine)
    before, start = resident(), time.perf_counter()
    runner = EngineRunner(artifact, model, engine, device)
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
    module = plugin.part(engine, "runtime")
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
    output: Path, artifacts: list[Path], engines: list[str], device: Device, seconds: float
) -> list[Latency]:
    """Time artifacts in turns, so that all meet the same state of the machine.

    Args:
        output: unused folder of the job.
        artifacts: model folders; the first is what ratios refer to.
        engines: what runs each of them.
        device: where.
        seconds: about how long to measure all of them together.
    """
    calls = [
        all_signatures(path, engine, device)
        for path, engine in zip(artifacts, engines, strict=True)
    ]
    return interleaved(calls, seconds)


def all_signatures(folder: Path, engine: str, device: Device) -> Callable[[], None]:
    """A function that runs every signature of a model once, on one static batch."""
    model = Model.load(folder)
    runner = EngineRunner(folder, model, engine, device)
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
    """Time functions in turns: for about so many seconds, at least `LEAST_TURNS` turns each.

    How many is settled before the first, since stopping when the figures look good makes their
    intervals too narrow. Of each turn's calls the quickest counts: what else the machine does makes
    calls slower, never quicker.
    """
    repeats = []
    round_seconds = 0.0
    for call in calls:
        call()  # the first run allocates
        once = max(elapsed(call), 1e-6)
        repeats.append(max(1, round(SLICE_SECONDS / once)))
        round_seconds += repeats[-1] * once
    count = max(LEAST_TURNS, round(seconds / round_seconds))
    turns = [
        [quickest(call, n) for call, n in zip(calls, repeats, strict=True)] for _ in range(count)
    ]
    base, *_ = columns = np.array(turns).T
    return [summary(own, base, n) for own, n in zip(columns, repeats, strict=True)]


def elapsed(call: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def quickest(call: Callable[[], object], repeats: int) -> float:
    """The least seconds that one of so many calls takes."""
    return min(elapsed(call) for _ in range(repeats))


def summary(own: Array, base: Array, repeats: int) -> Latency:
    """What turns tell of a candidate, paired with the baseline's turns."""
    ratios = np.sort(own / base)
    outside = excess(len(ratios))
    ratio, median = float(np.median(ratios)), float(np.median(own))
    return Latency(
        seconds=ratio * float(np.median(base)),
        ratio=ratio,
        ratio_low=float(ratios[outside]),
        ratio_high=float(ratios[-1 - outside]),
        noise=float(np.median(np.abs(own - median)) / median),
        runs=len(own) * repeats,
    )


@cache
def excess(count: int) -> int:
    """How many of so many ordered values may be left out at each end, such that the rest spans
    their median with 95 % confidence.

    Exact and of no assumption but that values are independent: the number of values below the
    median is binomial with p = 1/2 (the sign test; Conover, Practical Nonparametric Statistics,
    1999, 3.2).
    """
    tails = accumulate(math.comb(count, k) for k in range(count))
    return max(sum(1 for _ in takewhile(lambda ways: 40 * ways <= 2**count, tails)) - 1, 0)


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

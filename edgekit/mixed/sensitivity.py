"""What each layer's precision costs and wins, measured with only that layer changed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edgekit import plugin
from edgekit.data import npz
from edgekit.device import Device
from edgekit.engines._formats import artifact_size
from edgekit.errors import EngineError, PassError
from edgekit.measure.latency import all_signatures, interleaved
from edgekit.model import Model
from edgekit.passes._run import run_pass
from edgekit.plan.steps import Step, checked, compacted, with_rows
from edgekit.runtime import as_family
from edgekit.runtime.runner import EngineRunner
from edgekit.sources import Trust
from edgekit.typed import Typed
from edgekit.work.workspace import Workspace

Array = NDArray[Any]

FLOAT = "float"
ROWS = 16  # of the trial's draws: enough to rank layers
SECONDS = 0.25  # of timing beside the float graph, for each variant


class Cost(Typed, frozen=True):
    """What one group of layers at one precision adds to the float graph.

    `noise` is the power of the error relative to that of the outputs, `size` in bytes, `time` in
    seconds for all signatures once; size and time are negative where they shrink.
    """

    noise: float = 0.0
    size: int = 0
    time: float = 0.0


class Group(Typed, frozen=True):
    """Layers that share a precision, and what each precision costs them; float costs nothing.

    `failures` says why precisions are missing.
    """

    layers: tuple[str, ...]
    costs: dict[str, Cost]
    failures: tuple[str, ...] = ()


class Sensitivity(Typed, frozen=True):
    """The float graph's size in bytes and time in seconds, and all groups in order."""

    size: int
    time: float
    groups: tuple[Group, ...]


def layers(output: Path, source: Path, engine: str) -> dict[str, int]:
    """Step: the layers of a lowered float model that hold weights, and how many each."""
    module, model = plugin.part(engine, "precision"), Model.load(source)
    found: dict[str, int] = {}
    for file in model.files.values():
        found |= module.layers(source / file)
    return found


def costs(
    output: Path,
    source: Path,
    base: Path,
    engine: str,
    names: list[str],
    precisions: list[str],
    recorded: Path,
    rows: int,
    device: Device,
) -> Group:
    """Step: quantize some layers alone, at each precision, and run and time what comes out.

    It is timed in a process of its own: one that has imported a quantizer is not what devices run.

    Args:
        output: folder of the step.
        source: the lowered float model.
        base: the same, compacted: what sizes and times are compared with.
        engine: runs all of them.
        names: the layers, by the engine's names.
        precisions: those to try, by the names of the engine's `precision`.
        recorded: folder with draws.npz and calibration.npz.
        rows: so many of its draws calibrate, as they do for the candidates.
        device: where.
    """
    module = plugin.part(engine, "precision")
    draws = {name: array[:ROWS] for name, array in npz.read(recorded / "draws.npz").items()}
    exact = run(base, engine, device, draws)
    found, failures = {FLOAT: Cost()}, []
    made: dict[str, Path] = {}
    for precision in precisions:
        passes = [checked(e, engine) for e in module.passes(dict.fromkeys(names, precision))]
        steps = compacted(tuple(with_rows(step, rows) for step in passes), engine)
        try:
            folder = output / "variants" / precision
            apply(steps, source, folder, recorded / "calibration.npz")
            error = noise(exact, run(folder, engine, device, draws))
            saved = artifact_size(base) - artifact_size(folder)
            if error == 0.0 and saved < artifact_size(base) / 1000:
                raise PassError("changes nothing in these layers")  # not one of their precisions
        except (PassError, EngineError) as reason:
            failures.append(f"{precision}: {reason}")
            continue
        found[precision], made[precision] = Cost(noise=error, size=-saved), folder
    if made:
        variants = list(made.values())
        told = Workspace(output / "timing").call(
            times, base=base, variants=variants, engine=engine, device=device
        )
        for precision, seconds in zip(made, told, strict=True):
            found[precision] = msgspec.structs.replace(found[precision], time=seconds)
    for scratch in ("variants", "timing"):
        shutil.rmtree(output / scratch, ignore_errors=True)
    return Group(layers=tuple(names), costs=found, failures=tuple(failures))


def times(
    output: Path, base: Path, variants: list[Path], engine: str, device: Device
) -> list[float]:
    """What each variant adds to the seconds of the base; 0 where noise is all that tells."""
    added = []
    for variant in variants:
        calls = [all_signatures(path, engine, device) for path in (base, variant)]
        before, after = interleaved(calls, SECONDS)
        sure = not after.ratio_low <= 1.0 <= after.ratio_high
        added.append((after.ratio - 1.0) * before.seconds if sure else 0.0)
    return added


def grouped(sizes: Mapping[str, int], limit: int) -> list[list[str]]:
    """The layers in order, neighbours with the fewest weights joined until few enough are left."""
    groups = [[name] for name in sizes]
    while len(groups) > limit:
        weights = [sum(sizes[name] for name in group) for group in groups]
        pairs = [a + b for a, b in pairwise(weights)]
        k = int(np.argmin(pairs))
        groups[k : k + 2] = [groups[k] + groups[k + 1]]
    return groups


def apply(steps: Sequence[Step], source: Path, output: Path, calibration: Path) -> Path:
    """Run passes one after another in this process; gives `output`, which the last one makes."""
    output.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch:
        for k, step in enumerate(steps):
            folder = Path(scratch, str(k))
            folder.mkdir()
            run_pass(folder, step.name, step.engine, step.options, source, calibration, Trust())
            source = folder
        return source.rename(output)


def run(folder: Path, engine: str, device: Device, draws: Mapping[str, Array]) -> dict[str, Array]:
    """The outputs of the family's loop."""
    made = Model.load(folder)
    return as_family(made, EngineRunner(folder, made, engine, device)).trial(dict(draws))


def noise(exact: Mapping[str, Array], found: Mapping[str, Array]) -> float:
    """The power of the error relative to that of the exact values, over all outputs."""
    total = 0.0
    for name, values in exact.items():
        wanted = values.astype(np.float64)
        error = np.mean((found[name].astype(np.float64) - wanted) ** 2)
        if not np.isfinite(error):
            raise PassError(f"mixed: output '{name}' holds NaN or infinite values")
        total += float(error / max(float(np.mean(wanted**2)), 1e-30))
    return total

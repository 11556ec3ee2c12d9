"""Runs the original net: the truth for metrics, and the calibration data it makes for itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit import plugin
from edgekit.data import npz
from edgekit.data.load import load_data, rows_given
from edgekit.families._base import Family, Runner, check_rows
from edgekit.model import DRAW, Model
from edgekit.original.runner import OriginalRunner, load_parts
from edgekit.sources import Trust

CALIBRATION_SEED, RESAMPLE_SEED = 1_000_003, 2_000_003

Array = NDArray[Any]


class Recorder:
    """A Runner that keeps what each signature was given."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.seen: dict[str, list[Array]] = {}

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run, and remember the inputs as `signature/input`, and of which draw each row is."""
        draws = np.arange(len(next(iter(inputs.values()))))
        for name, array in {**inputs, DRAW: draws}.items():
            self.seen.setdefault(f"{signature}/{name}", []).append(np.asarray(array))
        return self._runner.run(signature, inputs)


def reference(
    output: Path,
    model: Path,
    data: str | None,
    samples: int,
    calibration: int,
    seed: int,
    trust: Trust,
) -> int | None:
    """Run the original over the family's loop.

    Writes draws.npz (the inputs of the trial), outputs.npz (what the original made of them),
    nudged.npz (its outputs for the same inputs, an ulp further on: how exact they can be),
    resampled.npz (its outputs for other draws: the noise of distances between distributions) and
    calibration.npz (what each signature saw over a third set of draws).

    Returns:
        The number of rows that `data` has; None without.
    """
    described = Model.load(model)
    # Refused before the net is loaded.
    given = load_data(data, described, rows_used(samples, calibration)) if data else {}
    check_data_rows(given, described)
    runner = OriginalRunner(load_parts(model, described, trust), described.signatures)
    family: type[Family] = plugin.load("families", described.family).Family
    member = family(described, runner)
    first, last = split(given or None, samples)

    draws = member.draw(samples, seed, first)
    npz.write(output / "draws.npz", draws)
    npz.write(output / "outputs.npz", member.trial(draws))
    npz.write(output / "nudged.npz", member.trial(nudged(draws)))
    npz.write(output / "resampled.npz", member.trial(member.draw(samples, RESAMPLE_SEED + seed)))
    recorder = Recorder(runner)
    recorded = family(described, recorder)
    calibration_draws = recorded.draw(calibration, CALIBRATION_SEED + seed, last)
    recorder.seen.clear()  # drawing may run the net on inputs that no loop feeds it
    recorded.trial(calibration_draws)
    npz.write(
        output / "calibration.npz",
        {name: np.concatenate(arrays)[: 2 * calibration] for name, arrays in recorder.seen.items()},
    )
    return rows_given(data, given) if data else None


def nudged(draws: Mapping[str, Array]) -> dict[str, Array]:
    """Draws with every float moved by one ulp, the least there is; integers as they are.

    Away from zero, so that whole numbers stay the same when they are cut off; zeros stay zeros.
    """
    return {
        name: np.where(array == 0, array, np.nextafter(array, np.copysign(np.inf, array))).astype(
            array.dtype
        )
        if array.dtype.kind == "f"
        else array
        for name, array in draws.items()
    }


def check_data_rows(given: Mapping[str, Array], model: Model) -> None:
    """Raise InputError for rows that an input does not take: whole, as the user knows them."""
    for name, signature in model.signatures.items():
        for tensor in signature.inputs:
            rows = given.get(f"{name}/{tensor.name}", given.get(tensor.name))
            if rows is not None:
                check_rows(tensor, rows)


def rows_used(samples: int, calibration: int) -> int:
    """How many rows of the user's data decide what `split` and the draws take of it."""
    return samples + max(samples, calibration)


def split(
    data: Mapping[str, Array] | None, samples: int
) -> tuple[dict[str, Array] | None, dict[str, Array] | None]:
    """The user's data for the trial and for calibration: disjoint where there is enough of it."""
    if data is None:
        return None, None
    first = {}
    last = {}
    for name, rows in data.items():
        cut = min(samples, max(1, len(rows) // 2))
        first[name], last[name] = rows[:cut], rows[cut:] if len(rows) > 1 else rows
    return first, last

"""The original's inputs and outputs, and what compares candidates to them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from edgekit import plugin
from edgekit.data import npz
from edgekit.families._base import Family
from edgekit.measure.features import Features
from edgekit.measure.fidelity import relative_error, score
from edgekit.model import Model

SLIVER = 0.25  # of a range: images that cover less tell little of real ones


class Evaluator:
    """Holds the original's draws and outputs; scores are kept, since targets share artifacts."""

    def __init__(
        self, family: type[Family], model: Model, folder: Path, features: Features | None
    ) -> None:
        self.family, self.model, self.folder = family, model, folder
        self.draws = npz.read(folder / "draws.npz")
        self.outputs = npz.read(folder / "outputs.npz")
        self._features = features
        self._scores: dict[Path, dict[str, float]] = {}

    @property
    def samples(self) -> int:
        """How many the original and a candidate are compared on."""
        return len(next(iter(self.draws.values())))

    @property
    def given(self) -> int | None:
        """How many rows the user's data has; None without data."""
        told = self.folder / "result.json"
        return int(told.read_text()) if told.is_file() else None

    @cached_property
    def of_itself(self) -> dict[str, float]:
        """Every metric that applies to these outputs, of the original against itself."""
        return score(self.family, self.model, self.outputs, self.outputs, self._features)

    def score(self, trial: Path) -> dict[str, float]:
        """Every metric of a candidate's outputs (in its trial folder) against the original's."""
        if trial not in self._scores:
            found = npz.read(trial / "outputs.npz")
            self._scores[trial] = score(
                self.family, self.model, self.outputs, found, self._features
            )
        return self._scores[trial]

    def relative_error(self, trial: Path) -> float:
        """The largest error of any output, relative to the largest value of that output."""
        return relative_error(self.outputs, npz.read(trial / "outputs.npz"))

    @cached_property
    def sensitivity(self) -> float:
        """The relative error that one ulp of the inputs makes in the original itself."""
        return relative_error(self.outputs, npz.read(self.folder / "nudged.npz"))

    def slivers(self) -> Iterator[str]:
        """Images that the net made for itself and that cover little of their input's range."""
        for signature in self.model.signatures.values():
            for tensor in signature.inputs:
                rows = self.draws.get(tensor.name)
                if rows is None or tensor.role != "sample" or not tensor.range or tensor.domain:
                    continue
                (low, high), (first, last) = (rows.min(), rows.max()), tensor.range
                if float(high) - float(low) < SLIVER * (last - first):
                    yield (
                        f"the net's own samples span {low:.3g}…{high:.3g} of {first:g}…{last:g}, "
                        "so what is calibrated may clip real images; give --data"
                    )

    def noise(self) -> dict[str, float]:
        """Distances between two independent sets of the original's own samples."""
        again = npz.read(self.folder / "resampled.npz")
        # Rows are other draws here, and there may be fewer: only whole sets can be compared.
        distances = [n for n in plugin.names("metrics") if kind(n) == "distribution"]
        return score(self.family, self.model, self.outputs, again, self._features, only=distances)


def kind(metric: str) -> str:
    """What a metric applies to."""
    return str(plugin.load("metrics", metric).KIND)

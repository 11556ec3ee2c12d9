"""The original's inputs and outputs, and what compares candidates to them."""

from __future__ import annotations

from pathlib import Path

from edgekit import npz
from edgekit.compare import relative_error, score
from edgekit.families._base import Family
from edgekit.features import Features
from edgekit.model import Model


class Proof:
    """Holds the original's draws and outputs; scores are kept, since targets share artifacts."""

    def __init__(
        self, family: type[Family], model: Model, folder: Path, features: Features | None
    ) -> None:
        self.family, self.model, self.folder = family, model, folder
        self.draws = npz.read(folder / "draws.npz")
        self.outputs = npz.read(folder / "outputs.npz")
        self._features = features
        self._scores: dict[Path, dict[str, float]] = {}

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

    def noise(self) -> dict[str, float]:
        """Distances between two independent sets of the original's own samples."""
        again = npz.read(self.folder / "resampled.npz")
        distances = ("frechet", "kid")  # the draws differ, and their number too with little data
        return score(self.family, self.model, self.outputs, again, self._features, only=distances)

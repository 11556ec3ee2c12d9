"""Ways to make an artifact: a list of steps on an engine, or a search for some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from edgekit import naming, plugin
from edgekit.plan.steps import Step, checked, compacted
from edgekit.typed import Typed


class Candidate(Typed, frozen=True):
    """One way to make an artifact for an engine: a recipe and its steps.

    `offered`: may be chosen. `left_out` is the one rewrite that is not done, `form` what the engine
    does otherwise than in most nets. `note` says in a few words what sets it apart from others of
    its recipe.
    """

    name: str
    recipe: str
    engine: str
    steps: tuple[Step, ...]
    offered: bool = True
    left_out: str = ""
    form: str = ""
    note: str = ""

    @property
    def calibrates(self) -> bool:
        """Whether its numbers depend on calibration data, and so on the range of inputs."""
        return any(step.calibrates for step in self.steps)


class Search(Typed, frozen=True):
    """A search for a precision of each layer: the steps to the float graph, and what to try."""

    name: str
    recipe: str
    engine: str
    steps: tuple[Step, ...]
    precisions: tuple[str, ...]
    points: int
    groups: int

    def uncalibrated(self) -> Search:
        """The same search over those precisions that need no calibration."""
        kept = tuple(
            precision
            for precision in self.precisions
            if not any(step.calibrates for step in self._passes({"": precision}))
        )
        return msgspec.structs.replace(self, precisions=kept)

    def modules(self) -> tuple[str, ...]:
        """The modules whose versions decide what comes out."""
        steps = [step for p in self.precisions for step in self._passes({"": p})]
        return tuple(sorted({module for step in steps for module in step.load().NEEDS}))

    def candidates(self, assignments: Sequence[Mapping[str, str]]) -> list[Candidate]:
        """The candidates that give each layer what an assignment says."""
        return [
            Candidate(
                name=naming.numbered(self.name, number),
                recipe=self.recipe,
                engine=self.engine,
                steps=compacted((*self.steps, *self._passes(assignment)), self.engine),
                note=counted(assignment),
            )
            for number, assignment in enumerate(assignments, start=1)
        ]

    def _passes(self, assignment: Mapping[str, str]) -> list[Step]:
        entries = plugin.part(self.engine, "precision").passes(assignment)
        return [checked(entry, self.engine) for entry in entries]


def counted(assignment: Mapping[str, str]) -> str:
    """How many layers have which precision."""
    counts = Counter(assignment.values())
    return ", ".join(f"{count} × {name}" for name, count in counts.most_common()) or "all float"

"""The recipes that were asked for, read once, and which of them serve which engine."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from edgekit.errors import PlanError
from edgekit.plan import recipe
from edgekit.plan.recipe import BASELINE, Recipe
from edgekit.plan.target import Target


class Asked(NamedTuple):
    """A recipe by the name or path that it was asked for, with all that it names."""

    source: str
    recipe: Recipe
    candidates: tuple[Asked, ...] = ()
    otherwise: Asked | None = None

    @property
    def title(self) -> str:
        """The name without folder and suffix."""
        return Path(self.source).stem

    @property
    def own(self) -> bool:
        """Whether it is a file of the user's."""
        return self.source.endswith(".toml")

    @property
    def chooses(self) -> bool:
        """Whether it leaves it to measurement what is done."""
        return bool(self.candidates or self.recipe.mixed)

    def serves(self, engine: str) -> bool:
        """Whether it has passes or a search for an engine, its candidates apart."""
        searched = self.recipe.mixed and self.recipe.mixed.precisions(engine)
        return bool(searched) or self.recipe.passes(engine) is not None

    def offered(self, target: Target) -> tuple[Asked, ...]:
        """Itself, or the candidates that a target takes: of the built-in ones those it lists."""
        if not self.candidates:
            return (self,)
        return tuple(one for one in self.candidates if one.own or one.source in target.recipes)

    def fits(self, target: Target) -> bool:
        """Whether it, or one of its candidates, has something for an engine of a target."""
        offered = self.offered(target)
        return any(one.serves(engine) for one in offered for engine in target.engines)


def resolve(source: str) -> Asked:
    """Read a recipe and those that it names.

    Raises:
        InputError: one of them is no recipe.
        PlanError: what it goes on with is no search.
    """
    loaded = recipe.load(source)
    otherwise = None
    if onward := loaded.otherwise:
        otherwise = Asked(source=onward, recipe=recipe.load(onward))
    if otherwise and otherwise.recipe.mixed is None:
        what = f"recipe '{otherwise.source}' is no search"
        raise PlanError(f"{what}; otherwise needs one with [mixed]")
    candidates = tuple(Asked(source=one, recipe=recipe.load(one)) for one in loaded.candidates)
    return Asked(source=source, recipe=loaded, candidates=candidates, otherwise=otherwise)


def baseline() -> Asked:
    """What every comparison refers to."""
    return Asked(source=BASELINE, recipe=recipe.load(BASELINE))

"""What is said of recipes that have nothing for a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edgekit.errors import PlanError
from edgekit.plan.asked import Asked, resolve
from edgekit.plan.recipe import BASELINE
from edgekit.plan.target import Target


def check_served(asked: Asked, targets: Mapping[str, Target]) -> None:
    """Raise PlanError when a recipe has nothing for any of the targets."""
    if any(asked.fits(target) for target in targets.values()):
        return
    (name, target), *others = targets.items()
    if others:
        takes = "; ".join(f"{n} takes {', '.join(t.recipes)}" for n, t in targets.items())
        raise PlanError(f"recipe '{asked.source}' fits none of the targets: {takes}")
    if asked.candidates:
        taken = ", ".join(target.recipes)
        raise PlanError(f"no recipe of {asked.source} fits target '{name}'; it takes: {taken}")
    served = [one for one in map(resolve, target.recipes) if one.fits(target)]
    raise PlanError(
        f"recipe '{asked.source}' has no passes for {' or '.join(target.engines)} on target "
        f"'{name}'; it takes: {', '.join(one.source for one in served)}"
    )


def unserved(name: str, target: Target, recipes: Sequence[Asked]) -> str:
    """A remark for a target that no recipe fits, beside others."""
    asked = " or ".join(f"'{each.source}'" for each in recipes)
    return (
        f"{Path(name).stem}: left out; nothing of {asked} fits it; "
        f"it takes {', '.join(target.recipes)}"
    )


def wanted_recipes(target: Target, recipes: Sequence[Asked]) -> dict[str, Asked]:
    """Every recipe that is asked for by itself or among the candidates of another, by title."""
    wanted: dict[str, Asked] = {}
    for one in (one for asked in recipes for one in asked.offered(target)):
        first = wanted.setdefault(one.title, one)
        if first.source != one.source or (one.title == BASELINE != one.source):
            raise PlanError(f"two recipes are called '{one.title}'; rename '{one.source}'")
    return wanted


def left_out(name: str, target: Target, recipes: Sequence[Asked]) -> Iterator[str]:
    """A remark for each recipe that was named and does not fit the target, and for each candidate
    of the user's own files.

    The built-in recipes offer everything there is, so of them it goes without saying.
    """
    taken = f"the target takes {', '.join(target.recipes)}"
    nothing = f"nothing for {' or '.join(target.engines)}"
    for asked in recipes:
        if not asked.fits(target):
            yield f"{name}: recipe '{asked.source}' is left out; it has {nothing}; {taken}"
            continue
        for each in asked.candidates if asked.own else ():
            left = f"{name}: '{each.source}' of '{asked.source}' is left out"
            if not each.own and each.source not in target.recipes:
                yield f"{left}; {taken}"
            elif not any(map(each.serves, target.engines)):
                yield f"{left}; {nothing}"

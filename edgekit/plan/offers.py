"""Which of the recipes that were asked for have something for which target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edgekit.errors import PlanError
from edgekit.plan import recipe
from edgekit.plan.recipe import BASELINE
from edgekit.plan.target import Target


def check_served(asked: str, devices: Mapping[str, Target]) -> None:
    """Raise PlanError when a recipe has nothing for any of the targets.

    InputError when one of its candidates is no recipe.
    """
    for each in recipe.load(asked).candidates:
        recipe.find(each)
    if any(serves_target(asked, device) for device in devices.values()):
        return
    (name, device), *others = devices.items()
    if others:
        takes = "; ".join(f"{n} takes {', '.join(d.precisions)}" for n, d in devices.items())
        raise PlanError(f"recipe '{asked}' fits none of the targets: {takes}")
    if recipe.load(asked).candidates:
        raise PlanError(
            f"no recipe of {asked} fits target '{name}'; it takes: {', '.join(device.precisions)}"
        )
    raise PlanError(
        f"recipe '{asked}' has no passes for {device.engine}, the engine of target "
        f"'{name}'; it takes: {', '.join(device.precisions)}"
    )


def unserved(name: str, device: Target, recipes: Sequence[str]) -> str:
    """A remark for a target that no recipe fits, beside others."""
    asked = " or ".join(f"'{each}'" for each in recipes)
    return (
        f"{Path(name).stem}: left out; nothing of {asked} fits it; "
        f"it takes {', '.join(device.precisions)}"
    )


def wanted_recipes(device: Target, recipes: Sequence[str]) -> dict[str, str]:
    """Every recipe that is asked for by itself or among the candidates of another, by title."""
    wanted: dict[str, str] = {}
    for asked in recipes:
        loaded = recipe.load(asked)
        for source in offered(loaded, device) if loaded.candidates else [asked]:
            title = Path(source).stem
            if wanted.setdefault(title, source) != source or (title == BASELINE != source):
                raise PlanError(f"two recipes are called '{title}'; rename '{source}'")
    return wanted


def left_out(name: str, device: Target, recipes: Sequence[str]) -> Iterator[str]:
    """A remark for each recipe that was named and does not fit the target, and for each candidate
    of the user's own files.

    The built-in recipes offer everything there is, so of them it goes without saying.
    """
    for asked in recipes:
        loaded = recipe.load(asked)
        taken = ", ".join(device.precisions)
        if not serves_target(asked, device):
            nothing = f"it has nothing for {device.engine}; the target takes {taken}"
            yield f"{name}: recipe '{asked}' is left out; {nothing}"
            continue
        for each in loaded.candidates if asked.endswith(".toml") else ():
            if not each.endswith(".toml") and each not in device.precisions:
                yield f"{name}: '{each}' of '{asked}' is left out; the target takes {taken}"
            elif not serves(recipe.load(each), device.engine):
                yield f"{name}: '{each}' of '{asked}' is left out; nothing for {device.engine}"


def serves_target(asked: str, device: Target) -> bool:
    """Whether a recipe, or one of its candidates, has something for a target."""
    loaded = recipe.load(asked)
    each = offered(loaded, device) if loaded.candidates else [asked]
    return any(serves(recipe.load(name), device.engine) for name in each)


def offered(loaded: recipe.Recipe, device: Target) -> list[str]:
    """The candidates of a recipe that a target takes: of the built-in ones those that it lists."""
    return [c for c in loaded.candidates if c.endswith(".toml") or c in device.precisions]


def serves(loaded: recipe.Recipe, engine: str) -> bool:
    """Whether a recipe has something for an engine."""
    searched = loaded.mixed and loaded.mixed.precisions(engine)
    return bool(searched) or loaded.passes(engine) is not None

"""Recipes: what to do to a model, as TOML files that users copy and change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from edgekit import plugin
from edgekit.errors import InputError, did_you_mean
from edgekit.typed import Typed, read_toml

FOLDER = Path(__file__).parents[1] / "recipes"
BASELINE = "float32"  # what every comparison refers to


class Mixed(Typed, frozen=True):
    """A search for a precision of each layer, float among them.

    A field for each engine names the precisions to measure, by the engine's `precision`. Without
    any, those that each engine says are usual.

    Args:
        points: at most so many assignments are built.
        groups: at most so many groups of layers are measured one by one.
    """

    points: int = 6
    groups: int = 16

    def precisions(self, engine: str) -> tuple[str, ...]:
        """Those to measure on an engine; none when the recipe does not serve it."""
        if any(getattr(self, name, ()) for name in plugin.names("engines")):
            return cast("tuple[str, ...]", getattr(self, engine, ()))
        if not plugin.has_part(engine, "precision"):
            return ()
        return cast("tuple[str, ...]", plugin.part(engine, "precision").USUAL)


class Recipe(Typed, frozen=True):
    """Either passes, or other recipes to choose from by measurement, or a search for mixed
    precision.

    A pass is a table of its name (`pass`) and its options. Those of `model` come first: they take
    the net as it was given, and are the same for all engines. Then come those in the field of an
    engine's name. Lowering need not be named: it is inserted where the next pass, or the engine,
    takes another kind of model. Where some engines have a field, those that have none are not
    served.

    `otherwise` names a search to go on with where no candidate below float16 is good enough.
    """

    description: str
    model: tuple[dict[str, Any], ...] | None = None
    candidates: tuple[str, ...] = ()
    mixed: Mixed | None = None
    otherwise: str = ""

    def passes(self, engine: str) -> tuple[dict[str, Any], ...] | None:
        """The passes for an engine; None when the recipe does not serve it."""
        named = [name for name in plugin.names("engines") if getattr(self, name, None) is not None]
        if engine not in named and (named or self.model is None):
            return None
        own: tuple[dict[str, Any], ...] = getattr(self, engine, None) or ()
        return (*(self.model or ()), *own)


def recipe_type(engines: Iterable[str]) -> type[Recipe]:
    """Recipe with a field for each of these engines, and Mixed likewise."""
    kept: dict[str, Any] = {"frozen": True, "forbid_unknown_fields": True, "omit_defaults": True,
                            "module": __name__}  # fmt: skip
    precisions = [(engine, tuple[str, ...], ()) for engine in engines]
    mixed = msgspec.defstruct("Mixed", precisions, bases=(Mixed,), **kept)
    passes = [(engine, tuple[dict[str, Any], ...] | None, None) for engine in engines]
    fields = [("mixed", mixed | None, None), *passes]
    made: Any = msgspec.defstruct("Recipe", fields, bases=(Recipe,), **kept)
    return cast("type[Recipe]", made)


def names() -> list[str]:
    """Every built-in recipe."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find(name: str) -> Path:
    """The file of a recipe, by name or path; raises InputError with the nearest name."""
    if name.endswith(".toml"):
        return Path(name)
    if name not in names():
        raise InputError(
            f"unknown recipe '{name}'; {did_you_mean(name, names())} (or give a .toml file)"
        )
    return FOLDER / f"{name}.toml"


def load(name: str) -> Recipe:
    """A built-in recipe by name, or a TOML file by path."""
    engines = plugin.names("engines")
    recipe = read_toml(find(name), recipe_type(engines), "recipe")
    has_passes = any(recipe.passes(engine) is not None for engine in engines)
    if bool(recipe.candidates) + has_passes + (recipe.mixed is not None) != 1:
        raise InputError(
            f"recipe '{name}' must have one of: candidates, passes ([[model]], "
            f"{', '.join(f'[[{engine}]]' for engine in engines)}), or [mixed]"
        )
    if recipe.otherwise and not recipe.candidates:
        raise InputError(f"recipe '{name}': only beside candidates there is an otherwise")
    if recipe.mixed and min(recipe.mixed.points, recipe.mixed.groups) < 1:
        raise InputError(f"recipe '{name}': points and groups must be at least 1")
    return recipe


def to_toml(description: str, engine: str, passes: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """A recipe file that repeats these passes exactly, none of them left to be inserted."""
    lines = [f"description = {json.dumps(description)}"]
    for title, options in passes:
        lines += ["", f"[[{engine}]]", f"pass = {json.dumps(title)}"]
        lines += [f"{key} = {inline(value)}" for key, value in options.items() if value is not None]
    return "\n".join(lines) + "\n"


def inline(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, dict):
        fields = (f"{key} = {inline(item)}" for key, item in value.items() if item is not None)
        return "{ " + ", ".join(fields) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)

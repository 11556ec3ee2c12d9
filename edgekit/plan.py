"""Target and recipe to a checked list of steps, before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit import plugin, recipe, target
from edgekit.errors import PlanError, require
from edgekit.target import Target
from edgekit.typed import Typed, complete, convert

BASELINE = "float32"
# How a model of one kind becomes another when no pass of the recipe says so.
LOWERING = {
    ("keras", "saved-model"): "export",
    ("saved-model", "litert"): "lower-litert",
    ("saved-model", "openvino"): "lower-openvino",
}

# Exact rewrites of a lowered graph, tried beside the graph as it is.
REWRITES = {"litert": "rewrite-litert"}

# What every conversion needs, whichever passes it takes: to load the model and to report.
CONVERTER = ("tensorflow", "keras", "rich", "jinja2", "matplotlib")


class Step(Typed, frozen=True):
    """One pass with its options, complete and checked."""

    name: str
    options: dict[str, Any] = {}  # noqa: RUF012 - a struct field, copied for each instance

    @property
    def module(self) -> str:
        """The pass's module."""
        return f"edgekit.passes.{self.name.replace('-', '_')}"

    @property
    def calibrates(self) -> bool:
        """Whether the pass reads calibration data."""
        options = convert(self.options, self.load().Options, f"pass '{self.name}'")
        return bool(getattr(options, "calibrates", lambda: False)())

    def load(self) -> Any:
        """The pass itself."""
        return plugin.load("passes", self.name)


class Candidate(Typed, frozen=True):
    """One way to make an artifact: a recipe and its steps. `offered`: may be chosen."""

    name: str
    recipe: str
    steps: tuple[Step, ...]
    offered: bool = True


class TargetPlan(Typed, frozen=True):
    """All candidates of one target, the float32 baseline first. `remarks`: what was left out."""

    name: str
    target: Target
    candidates: tuple[Candidate, ...]
    remarks: tuple[str, ...] = ()


def make_plan(targets: Sequence[str], recipes: Sequence[str]) -> list[TargetPlan]:
    """The plan for every target.

    Raises:
        InputError: unknown target, recipe, pass or option.
        PlanError: nothing of the recipes fits a target, or a pass does not follow another.
        MissingDependency: a pass or engine needs a package that is not installed.
    """
    plans: list[TargetPlan] = []
    if not targets:
        raise PlanError("no target given; see `edgekit targets`")
    for name in dict.fromkeys(targets):
        device = target.load(name)
        if any(plan.name == Path(name).stem for plan in plans):
            raise PlanError(f"two targets are called '{Path(name).stem}'; rename '{name}'")
        plugin.load("runtime.engines", device.engine).check_installed()
        candidates = candidates_for(name, device, recipes)
        for module in CONVERTER:
            require(module, "convert")
        for candidate in candidates:
            for step in candidate.steps:
                for module in step.load().NEEDS:
                    require(module, "convert")
        plans.append(
            TargetPlan(
                name=Path(name).stem,
                target=device,
                candidates=candidates,
                remarks=tuple(left_out(Path(name).stem, device, recipes)),
            )
        )
    return plans


def candidates_for(name: str, device: Target, recipes: Sequence[str]) -> tuple[Candidate, ...]:
    """The baseline and everything the recipes ask for that this target can do."""
    wanted: dict[str, str] = {}
    for asked in recipes:
        offered = recipe.load(asked).candidates
        for each in offered:
            recipe.find(each)
        allowed = [c for c in offered if c.endswith(".toml") or c in device.precisions]
        for source in allowed if offered else [asked]:
            title = Path(source).stem
            if wanted.setdefault(title, source) != source or (title == BASELINE != source):
                raise PlanError(f"two recipes are called '{title}'; rename '{source}'")
    built = []
    for title, source in ({BASELINE: BASELINE} | wanted).items():
        passes = recipe.load(source).passes(device.engine)
        if passes is None:
            if source in recipes:
                raise PlanError(
                    f"recipe '{source}' has no passes for {device.engine}, the engine of target "
                    f"'{name}'; it takes: {', '.join(device.precisions)}"
                )
            continue
        steps = chain(passes, device.engine, source)
        built.append(Candidate(name=title, recipe=source, steps=steps, offered=title in wanted))
        rewritten = chain(passes, device.engine, source, rewrite=True)
        if title in wanted and rewritten != steps:
            name = f"{title}+rewrites"
            built.append(Candidate(name=name, recipe=source, steps=rewritten))
    if not any(candidate.offered for candidate in built):
        raise PlanError(
            f"no recipe of {', '.join(recipes)} fits target '{name}'; "
            f"it takes: {', '.join(device.precisions)}"
        )
    return tuple(built)


def left_out(name: str, device: Target, recipes: Sequence[str]) -> Iterator[str]:
    """A remark for each candidate of the user's own recipe files that the target does not take.

    The built-in recipes offer everything there is, so of them it goes without saying.
    """
    for asked in recipes:
        for each in recipe.load(asked).candidates if asked.endswith(".toml") else ():
            if not each.endswith(".toml") and each not in device.precisions:
                taken = ", ".join(device.precisions)
                yield f"{name}: '{each}' of '{asked}' is left out; the target takes {taken}"
            elif recipe.load(each).passes(device.engine) is None:
                yield f"{name}: '{each}' of '{asked}' is left out; no passes for {device.engine}"


def chain(
    passes: Sequence[Mapping[str, Any]], engine: str, source: str, *, rewrite: bool = False
) -> tuple[Step, ...]:
    """The passes with lowering inserted, from a Keras model to the engine's kind.

    `rewrite` follows an inserted lowering with the exact rewrites of its graph. A recipe that
    names its lowering itself is taken as it is.
    """
    steps: list[Step] = []
    kind = "keras"
    for entry in passes:
        options = dict(entry)
        name = str(options.pop("pass", ""))
        if not name:
            raise PlanError(f"recipe '{source}': a pass has no name; write pass = \"…\"")
        module = plugin.load("passes", name)
        typed = convert(options, module.Options, f"recipe '{source}', pass '{name}'")
        steps += lowering(kind, module.TAKES, f"recipe '{source}', pass '{name}'", rewrite)
        steps.append(Step(name=name, options=complete(typed)))
        kind = module.GIVES
    return (*steps, *lowering(kind, engine, f"recipe '{source}'", rewrite))


def default_step(name: str) -> Step:
    """A pass with its default options."""
    return Step(name=name, options=complete(plugin.load("passes", name).Options()))


def lowering(kind: str, wanted: str, where: str, rewrite: bool) -> list[Step]:
    """The passes that lead from one kind of model to another."""
    steps = []
    while kind != wanted:
        onward = {to: name for (start, to), name in LOWERING.items() if start == kind}
        nearest = wanted if wanted in onward else next(iter(onward), None)
        if nearest is None:
            raise PlanError(f"{where} takes a {wanted} model, but has a {kind} one at that point")
        steps.append(default_step(onward[nearest]))
        if rewrite and nearest in REWRITES:
            steps.append(default_step(REWRITES[nearest]))
        kind = nearest
    return steps

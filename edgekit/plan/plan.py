"""Targets and recipes to what is to be done: every candidate of every target, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from edgekit import naming, plugin
from edgekit.engines import runtime
from edgekit.errors import PlanError, did_you_mean, require
from edgekit.plan import target as targets_file
from edgekit.plan.asked import Asked, baseline, resolve
from edgekit.plan.candidate import Candidate, Search
from edgekit.plan.offers import check_served, left_out, unserved, wanted_recipes
from edgekit.plan.recipe import BASELINE
from edgekit.plan.steps import chain, compacted
from edgekit.plan.target import Target
from edgekit.typed import Typed

# What every conversion needs, whatever it reads and whichever passes it takes.
CONVERTER = ("scipy", "rich", "jinja2", "matplotlib")


class TargetPlan(Typed, frozen=True):
    """All candidates of one target, each engine's float32 baseline before the others of that
    engine, and what finds more of them.

    `otherwise` finds more where no candidate below float16 is good enough. `chooses`: what is done
    is left to measurement. `remarks`: what was left out.
    """

    name: str
    target: Target
    candidates: tuple[Candidate, ...]
    searches: tuple[Search, ...] = ()
    otherwise: tuple[Search, ...] = ()
    chooses: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def baselines(self) -> tuple[Candidate, ...]:
        """The float32 candidate of each engine."""
        return tuple(
            next(one for one in self.candidates if one.engine == engine)
            for engine in self.target.engines
        )

    @property
    def most(self) -> int:
        """How many candidates, and groups of layers, there will be at most."""
        return len(self.candidates) + sum(one.points + one.groups for one in self.searches)

    @property
    def rows(self) -> int:
        """The most draws that a candidate asks for to calibrate with."""
        return max(step.rows for candidate in self.candidates for step in candidate.steps)


def make_plan(
    targets: Sequence[str], recipes: Sequence[str], engines: Sequence[str] = ()
) -> list[TargetPlan]:
    """The plan for every target that the recipes have something for.

    Of several targets, one may be left out, and a recipe may serve only some: remarks tell. Targets
    and recipes are read here, once.

    Args:
        targets: names or paths.
        recipes: names or paths.
        engines: those of the targets' that are used; all without any.

    Raises:
        InputError: unknown target, recipe, pass or option.
        PlanError: a recipe fits none of the targets, or a pass does not follow another.
        MissingDependency: a pass or engine needs a package that is not installed.
    """
    if not targets:
        raise PlanError("no target given; see `edgekit targets`")
    if not recipes:
        raise PlanError("no recipe given; see `edgekit recipes`")
    loaded: dict[str, Target] = {}
    for name in dict.fromkeys(targets):
        if any(Path(other).stem == Path(name).stem for other in loaded):
            raise PlanError(f"two targets are called '{Path(name).stem}'; rename '{name}'")
        loaded[name] = targets_file.load(name, engines)
    asked = [resolve(source) for source in dict.fromkeys(recipes)]
    for one in asked:
        check_served(one, loaded)
    plans, remarks = [], []
    for name, target in loaded.items():
        if not any(one.fits(target) for one in asked):
            remarks.append(unserved(name, target, asked))
            continue
        plans.append(plan_for(name, target, asked))
        check_installed(plans[-1])
    plans[0] = msgspec.structs.replace(plans[0], remarks=(*plans[0].remarks, *remarks))
    return plans


def check_installed(plan: TargetPlan) -> None:
    """Raise MissingDependency when something that a plan needs is not installed."""
    for engine in plan.target.engines:
        runtime(engine).check_installed()
    needed = [*CONVERTER]
    for candidate in plan.candidates:
        needed += [module for step in candidate.steps for module in step.load().NEEDS]
    for search in (*plan.searches, *plan.otherwise):
        needed += ["scipy", *search.modules()]
    for module in dict.fromkeys(needed):
        require(module, "convert")


def plan_for(name: str, target: Target, recipes: Sequence[Asked]) -> TargetPlan:
    """The baselines and everything the recipes ask for that this target can do."""
    wanted, title = wanted_recipes(target, recipes), Path(name).stem
    built: list[Candidate] = []
    searches: list[Search] = []
    several = len(target.engines) > 1  # then names tell which
    prefixes = {engine: engine if several else "" for engine in target.engines}
    for engine, prefix in prefixes.items():
        built += candidates_for(engine, prefix, wanted)
        mixed = [one for one in wanted.values() if one.recipe.mixed and one.serves(engine)]
        if len(mixed) > 1:
            sources = "' and '".join(one.source for one in mixed)
            raise PlanError(f"recipes '{sources}' both search; give one of them")
        searches += [search_for(one, engine, prefix) for one in mixed]
    onward = [one.otherwise for one in recipes if one.otherwise]
    otherwise = [
        search_for(one, engine, prefix)
        for engine, prefix in prefixes.items()
        for one in [each for each in onward if each.serves(engine)][:1]
    ]
    return TargetPlan(
        name=title,
        target=target,
        candidates=tuple(built),
        searches=tuple(searches),
        otherwise=() if searches else tuple(otherwise),
        chooses=any(one.chooses for one in recipes),
        remarks=tuple(left_out(title, target, recipes)),
    )


def candidates_for(engine: str, prefix: str, wanted: dict[str, Asked]) -> list[Candidate]:
    """What one engine can do of what is wanted, its baseline first."""
    built = []
    for title, asked in ({BASELINE: baseline()} | wanted).items():
        passes = asked.recipe.passes(engine)
        if passes is None:
            continue
        name = naming.on_engine(prefix, title) if prefix else title
        steps = compacted(chain(passes, engine, asked.source), engine)
        made = Candidate(name=name, recipe=asked.source, engine=engine, steps=steps,
                         offered=title in wanted)  # fmt: skip
        built.append(made)
        rewritten = compacted(chain(passes, engine, asked.source, rewrite=True), engine)
        if made.offered and rewritten != steps:
            other = naming.rewritten(name)
            built.append(msgspec.structs.replace(made, name=other, steps=rewritten))
    return built


def search_for(asked: Asked, engine: str, prefix: str) -> Search:
    """The search that a recipe asks for, on an engine."""
    mixed = asked.recipe.mixed
    assert mixed is not None
    precisions = mixed.precisions(engine)
    known = plugin.part(engine, "precision").PRECISIONS
    for precision in precisions:
        if precision not in known:
            raise PlanError(
                f"recipe '{asked.source}': unknown precision '{precision}' of {engine}; "
                f"{did_you_mean(precision, known)}"
            )
    return Search(
        name=naming.on_engine(prefix, asked.title) if prefix else asked.title,
        recipe=asked.source,
        engine=engine,
        steps=chain(plugin.part(engine, "precision").REWRITES, engine, asked.source),
        precisions=precisions,
        points=mixed.points,
        groups=mixed.groups,
    )

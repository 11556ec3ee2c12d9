"""Target and recipe to a checked list of steps, before anything heavy is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from edgekit import plugin
from edgekit.engines import runtime
from edgekit.errors import PlanError, did_you_mean, require
from edgekit.model import ORIGINAL
from edgekit.passes import load_pass, pass_names
from edgekit.plan import recipe, target
from edgekit.plan.offers import check_served, left_out, serves_target, unserved, wanted_recipes
from edgekit.plan.recipe import BASELINE
from edgekit.plan.target import Target
from edgekit.typed import Typed, complete, convert

# Passes that an engine may have: exact rewrites of a lowered graph, tried beside the graph as it
# is, and what every artifact goes through at the end, exact too, only smaller.
REWRITE, COMPACT = "rewrite", "compact"

# What every conversion needs, whatever it reads and whichever passes it takes.
CONVERTER = ("scipy", "rich", "jinja2", "matplotlib")


class Step(Typed, frozen=True):
    """One pass with its options, complete and checked; `engine` is whose it is, "" everyone's."""

    name: str
    engine: str = ""
    options: dict[str, Any] = {}  # noqa: RUF012 - a struct field, copied for each instance

    @property
    def calibrates(self) -> bool:
        """Whether the pass reads calibration data."""
        options = convert(self.options, self.load().Options, f"pass '{self.name}'")
        return bool(getattr(options, "calibrates", lambda: False)())

    @property
    def rows(self) -> int:
        """How many draws the pass asks for to calibrate with; 0 when it takes what there is."""
        return int(self.options.get("rows") or 0)

    def load(self) -> Any:
        """The pass itself."""
        return load_pass(self.name, self.engine)


class Candidate(Typed, frozen=True):
    """One way to make an artifact: a recipe and its steps. `offered`: may be chosen.

    `note` says in a few words what sets it apart from others of its recipe.
    """

    name: str
    recipe: str
    steps: tuple[Step, ...]
    offered: bool = True
    note: str = ""

    @property
    def calibrates(self) -> bool:
        """Whether its numbers depend on calibration data, and so on the range of inputs."""
        return any(step.calibrates for step in self.steps)


class Search(Typed, frozen=True):
    """A search for a precision of each layer: the steps to the float graph, and what to try."""

    name: str
    recipe: str
    steps: tuple[Step, ...]
    precisions: tuple[str, ...]
    points: int
    groups: int

    def uncalibrated(self, engine: str) -> Search:
        """The same search over those precisions that need no calibration."""
        passes = plugin.part(engine, "precision").passes

        def calibrates(precision: str) -> bool:
            return any(checked(entry, engine).calibrates for entry in passes({"": precision}))

        kept = tuple(p for p in self.precisions if not calibrates(p))
        return msgspec.structs.replace(self, precisions=kept)

    def modules(self, engine: str) -> tuple[str, ...]:
        """The modules whose versions decide what comes out."""
        passes = plugin.part(engine, "precision").passes
        steps = [checked(entry, engine) for p in self.precisions for entry in passes({"": p})]
        return tuple(sorted({module for step in steps for module in step.load().NEEDS}))

    def candidates(self, engine: str, assignments: Sequence[Mapping[str, str]]) -> list[Candidate]:
        """The candidates that give each layer what an assignment says."""
        passes = plugin.part(engine, "precision").passes
        return [
            Candidate(
                name=f"{self.name}-{number}",
                recipe=self.recipe,
                steps=compacted(
                    (*self.steps, *(checked(entry, engine) for entry in passes(assignment))), engine
                ),
                note=counted(assignment),
            )
            for number, assignment in enumerate(assignments, start=1)
        ]


class TargetPlan(Typed, frozen=True):
    """All candidates of one target, the float32 baseline first, and what finds more of them.

    `otherwise` finds more where no candidate below float16 is good enough. `remarks`: what was
    left out.
    """

    name: str
    target: Target
    candidates: tuple[Candidate, ...]
    search: Search | None = None
    otherwise: Search | None = None
    remarks: tuple[str, ...] = ()

    @property
    def most(self) -> int:
        """How many candidates, and groups of layers, there will be at most."""
        searched = self.search.points + self.search.groups if self.search else 0
        return len(self.candidates) + searched

    @property
    def rows(self) -> int:
        """The most draws that a candidate asks for to calibrate with."""
        return max(step.rows for candidate in self.candidates for step in candidate.steps)


def make_plan(targets: Sequence[str], recipes: Sequence[str]) -> list[TargetPlan]:
    """The plan for every target that the recipes have something for.

    Of several targets, one may be left out, and a recipe may serve only some: remarks tell.

    Raises:
        InputError: unknown target, recipe, pass or option.
        PlanError: a recipe fits none of the targets, or a pass does not follow another.
        MissingDependency: a pass or engine needs a package that is not installed.
    """
    if not targets:
        raise PlanError("no target given; see `edgekit targets`")
    devices: dict[str, Target] = {}
    for name in dict.fromkeys(targets):
        if any(Path(other).stem == Path(name).stem for other in devices):
            raise PlanError(f"two targets are called '{Path(name).stem}'; rename '{name}'")
        devices[name] = target.load(name)
    for asked in recipes:
        check_served(asked, devices)
    plans, remarks = [], []
    for name, device in devices.items():
        if not any(serves_target(asked, device) for asked in recipes):
            remarks.append(unserved(name, device, recipes))
            continue
        plans.append(plan_for(name, device, recipes))
        check_installed(plans[-1])
    plans[0] = msgspec.structs.replace(plans[0], remarks=(*plans[0].remarks, *remarks))
    return plans


def check_installed(plan: TargetPlan) -> None:
    """Raise MissingDependency when something that a plan needs is not installed."""
    engine = plan.target.engine
    runtime(engine).check_installed()
    needed = [*CONVERTER]
    for candidate in plan.candidates:
        needed += [module for step in candidate.steps for module in step.load().NEEDS]
    for search in filter(None, (plan.search, plan.otherwise)):
        needed += ["scipy", *search.modules(engine)]
    for module in dict.fromkeys(needed):
        require(module, "convert")


def plan_for(name: str, device: Target, recipes: Sequence[str]) -> TargetPlan:
    """The baseline and everything the recipes ask for that this target can do."""
    built, search = [], None
    wanted = wanted_recipes(device, recipes)
    for title, source in ({BASELINE: BASELINE} | wanted).items():
        loaded, offered = recipe.load(source), title in wanted
        if loaded.mixed:
            if loaded.mixed.precisions(device.engine):
                search = search_for(title, source, loaded.mixed, device, search)
            continue
        passes = loaded.passes(device.engine)
        if passes is None:
            continue
        steps = compacted(chain(passes, device.engine, source), device.engine)
        built.append(Candidate(name=title, recipe=source, steps=steps, offered=offered))
        rewritten = chain(passes, device.engine, source, rewrite=True)
        rewritten = compacted(rewritten, device.engine)
        if offered and rewritten != steps:
            built.append(Candidate(name=f"{title}+rewrites", recipe=source, steps=rewritten))
    return TargetPlan(
        name=Path(name).stem,
        target=device,
        candidates=tuple(built),
        search=search,
        otherwise=None if search else otherwise(device, recipes),
        remarks=tuple(left_out(Path(name).stem, device, recipes)),
    )


def otherwise(device: Target, recipes: Sequence[str]) -> Search | None:
    """The search to go on with, of the first recipe that names one for the target's engine."""
    for source in filter(None, (recipe.load(asked).otherwise for asked in recipes)):
        mixed = recipe.load(source).mixed
        if mixed is None:
            raise PlanError(f"recipe '{source}' is no search; otherwise needs one with [mixed]")
        if mixed.precisions(device.engine):
            return search_for(Path(source).stem, source, mixed, device, None)
    return None


def search_for(
    title: str, source: str, mixed: recipe.Mixed, device: Target, earlier: Search | None
) -> Search:
    """The search that a recipe asks for; one for each target."""
    engine = device.engine
    precisions = mixed.precisions(engine)
    known = plugin.part(engine, "precision").PRECISIONS
    if earlier:
        raise PlanError(f"recipes '{earlier.recipe}' and '{source}' both search; give one of them")
    if not precisions:
        raise PlanError(f"recipe '{source}' names no precisions for {engine}: {', '.join(known)}")
    for precision in precisions:
        if precision not in known:
            raise PlanError(
                f"recipe '{source}': unknown precision '{precision}' of {engine}; "
                f"{did_you_mean(precision, known)}"
            )
    return Search(
        name=title,
        recipe=source,
        steps=chain(plugin.part(engine, "precision").REWRITES, engine, source),
        precisions=precisions,
        points=mixed.points,
        groups=mixed.groups,
    )


def chain(
    passes: Sequence[Mapping[str, Any]], engine: str, source: str, *, rewrite: bool = False
) -> tuple[Step, ...]:
    """The passes with lowering inserted, from a Keras model to the engine's kind.

    `rewrite` follows an inserted lowering with the exact rewrites of its graph. A recipe that
    names its lowering itself is taken as it is.
    """
    steps: list[Step] = []
    kind = ORIGINAL
    for entry in passes:
        step = checked(entry, engine, f"recipe '{source}'")
        module = step.load()
        where = f"recipe '{source}', pass '{step.name}'"
        steps += lowering(kind, module.TAKES, engine, where, rewrite)
        steps.append(step)
        kind = module.GIVES
    return (*steps, *lowering(kind, engine, engine, f"recipe '{source}'", rewrite))


def checked(entry: Mapping[str, Any], engine: str, where: str = "mixed") -> Step:
    """A pass as a recipe writes it for an engine, with all its options."""
    options = dict(entry)
    name = str(options.pop("pass", ""))
    if not name:
        raise PlanError(f'{where}: a pass has no name; write pass = "…"')
    return step_of(name, engine, options, where)


def counted(assignment: Mapping[str, str]) -> str:
    """How many layers have which precision."""
    counts = Counter(assignment.values())
    return ", ".join(f"{count} × {name}" for name, count in counts.most_common()) or "all float"


def compacted(steps: tuple[Step, ...], engine: str) -> tuple[Step, ...]:
    """The steps with the one that makes every artifact smaller at the end, unless it is there."""
    if COMPACT not in pass_names(engine) or (steps and steps[-1].name == COMPACT):
        return steps
    return (*steps, step_of(COMPACT, engine))


def with_rows(step: Step, rows: int) -> Step:
    """The step with the number of draws it calibrates with written out, unless it has one."""
    if not step.calibrates or step.rows:
        return step
    return msgspec.structs.replace(step, options=step.options | {"rows": rows})


def step_of(
    name: str, engine: str, options: Mapping[str, Any] | None = None, where: str = "plan"
) -> Step:
    """A pass of an engine, or of none, with its defaults where no option is given."""
    typed = convert(options or {}, load_pass(name, engine).Options, f"{where}, pass '{name}'")
    owner = "" if name in plugin.names("passes") else engine
    return Step(name=name, engine=owner, options=complete(typed))


def lowering(kind: str, wanted: str, engine: str, where: str, rewrite: bool) -> list[Step]:
    """The shortest way from one kind of model to another over the passes that change the kind.

    `rewrite` follows the one that makes the engine's own kind with its exact rewrites.
    """
    ways: dict[str, list[str]] = {kind: []}  # to each kind, the passes that lead there
    waiting = [kind]
    onward = [(name, load_pass(name, engine)) for name in pass_names(engine)]
    for at in waiting:
        for name, module in onward:
            if at == module.TAKES and module.GIVES not in ways:
                ways[module.GIVES] = [*ways[at], name]
                waiting.append(module.GIVES)
    if wanted not in ways:
        raise PlanError(f"{where} takes a {wanted} model, but has a {kind} one at that point")
    found = [step_of(name, engine) for name in ways[wanted]]
    if rewrite and found and wanted == engine and REWRITE in pass_names(engine):
        found.append(step_of(REWRITE, engine))
    return found

"""Passes in order, complete and checked, before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import msgspec

from edgekit import plugin
from edgekit.engines import runtime
from edgekit.errors import PlanError
from edgekit.model import ORIGINAL
from edgekit.passes import load_pass, pass_names
from edgekit.typed import Typed, complete, convert

# Passes that an engine may have: exact rewrites of a lowered graph, tried beside the graph as it
# is, and what every artifact goes through at the end, exact too, only smaller.
REWRITE, COMPACT = "rewrite", "compact"


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


def chain(
    passes: Sequence[Mapping[str, Any]], engine: str, source: str, *, rewrite: bool = False
) -> tuple[Step, ...]:
    """The passes with lowering inserted, from a Keras model to a format that the engine reads.

    `rewrite` follows an inserted lowering with the exact rewrites of its graph. A recipe that
    names its lowering itself is taken as it is.
    """
    steps: list[Step] = []
    kind, read = ORIGINAL, frozenset(runtime(engine).FORMATS)
    for entry in passes:
        step = checked(entry, engine, f"recipe '{source}'")
        module = step.load()
        where = f"recipe '{source}', pass '{step.name}'"
        steps += lowering(kind, {module.TAKES}, engine, where, rewrite)
        steps.append(step)
        kind = module.GIVES
    return (*steps, *lowering(kind, read, engine, f"recipe '{source}'", rewrite))


def checked(entry: Mapping[str, Any], engine: str, where: str = "mixed") -> Step:
    """A pass as a recipe writes it for an engine, with all its options."""
    options = dict(entry)
    name = str(options.pop("pass", ""))
    if not name:
        raise PlanError(f'{where}: a pass has no name; write pass = "…"')
    return step_of(name, engine, options, where)


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


def lowering(kind: str, wanted: Set[str], engine: str, where: str, rewrite: bool) -> list[Step]:
    """The shortest way from one format to one of those wanted, over the passes that change it.

    `rewrite` follows the one that makes a format of the engine's with its exact rewrites.
    """
    ways: dict[str, list[str]] = {kind: []}  # to each format, the passes that lead there
    waiting = [kind]
    onward = [(name, load_pass(name, engine)) for name in pass_names(engine)]
    for at in waiting:
        for name, module in onward:
            if at == module.TAKES and module.GIVES not in ways:
                ways[module.GIVES] = [*ways[at], name]
                waiting.append(module.GIVES)
    reached = next((each for each in ways if each in wanted), None)  # the nearest first
    if reached is None:
        takes = " or ".join(sorted(wanted))
        raise PlanError(f"{where} takes a {takes} model, but has a {kind} one at that point")
    found = [step_of(name, engine) for name in ways[reached]]
    if rewrite and found and reached in runtime(engine).FORMATS and REWRITE in pass_names(engine):
        found.append(step_of(REWRITE, engine))
    return found

"""Variants of the chosen candidate: what is right for most nets, undone where it may not pay here.

Each is built, run and timed beside the chosen one, and decided on by the same rules.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from edgekit import naming, plugin
from edgekit.candidates.results import Result
from edgekit.model import Model
from edgekit.plan.candidate import Candidate
from edgekit.plan.steps import REWRITE, Step, checked
from edgekit.typed import Typed


class Made(Typed, frozen=True):
    """A candidate that was built and run: where its model and its outputs are, the engine that it
    is for, and its steps; `packed` is where the files are that are stored packed."""

    engine: str
    artifact: Path
    trial: Path
    steps: tuple[Step, ...] = ()
    packed: Path | None = None


def variants(chosen: Result, made: Made) -> list[Candidate]:
    """Everything that is worth a trial beside the chosen candidate."""
    return [*fewer_rewrites(chosen, made), *other_forms(chosen, made)]


def fewer_rewrites(chosen: Result, made: Made) -> list[Candidate]:
    """The chosen candidate without one of the rewrites that changed it, for each of several."""
    found = []
    for place, step in enumerate(made.steps):
        applied = optional(made, place) if step.name == REWRITE else []
        for name in applied if len(applied) > 1 else ():
            rest = [one for one in step.options["rewrites"] if one != name]
            less = msgspec.structs.replace(step, options=step.options | {"rewrites": rest})
            found.append(
                Candidate(
                    name=naming.without(chosen.name, name),
                    recipe=chosen.recipe,
                    engine=made.engine,
                    left_out=name,
                    steps=(*made.steps[:place], less, *made.steps[place + 1 :]),
                    note=f"without the rewrite {name}",
                )
            )
    return found


def optional(made: Made, place: int) -> list[str]:
    """The rewrites that changed the artifacts, but those that a later pass does anyway."""
    later = [getattr(step.load(), "PREPARED", ()) for step in made.steps[place + 1 :]]
    return [name for name in rewritten_by(made) if not any(name in each for each in later)]


def rewritten_by(made: Made) -> list[str]:
    """The rewrites that changed a candidate's artifacts, as noted in them."""
    read = plugin.part(made.engine, "rewrites").read_rewrites
    noted = [read(made.artifact / file) for file in Model.load(made.artifact).files.values()]
    return list(dict.fromkeys(str(entry["rewrite"]) for entries in noted for entry in entries))


def other_forms(chosen: Result, made: Made) -> list[Candidate]:
    """The chosen candidate with what its engine changes in the passes."""
    if not plugin.has_part(made.engine, "space"):
        return []
    model = Model.load(made.artifact)
    passes = [{"pass": step.name, **step.options} for step in made.steps]
    files = [made.artifact / file for file in model.files.values()]
    found = plugin.part(made.engine, "space").other_forms(passes, files)
    return [
        Candidate(
            name=naming.in_form(chosen.name, what),
            recipe=chosen.recipe,
            engine=made.engine,
            left_out=chosen.left_out,
            form=what,
            steps=tuple(checked(entry, made.engine) for entry in changed),
            note=note,
        )
        for what, (note, changed) in found.items()
    ]

"""Variants of the chosen candidate: what is right for most nets, undone where it may not pay here.

Each is built, run and timed beside the chosen one, and decided on by the same rules.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from edgekit import plugin
from edgekit.candidates.results import Result
from edgekit.litert_file import dense_tables
from edgekit.model import Model
from edgekit.plan.steps import REWRITES, Candidate, Step
from edgekit.typed import Typed

QUANTIZE = "quantize-litert"
TABLES = 0.01  # of an artifact: smaller tables are not worth a trial


class Made(Typed, frozen=True):
    """A candidate that was built and run: where its model and its outputs are, and its steps."""

    artifact: Path
    trial: Path
    steps: tuple[Step, ...] = ()


def variants(chosen: Result, made: Made) -> list[Candidate]:
    """Everything that is worth a trial beside the chosen candidate."""
    return [*fewer_rewrites(chosen, made), *shared_scales(chosen, made)]


def fewer_rewrites(chosen: Result, made: Made) -> list[Candidate]:
    """The chosen candidate without one of the rewrites that changed it, for each of several."""
    found = []
    for place, step in enumerate(made.steps):
        applied = optional(made, place) if step.name in REWRITES.values() else []
        for name in applied if len(applied) > 1 else ():
            rest = [one for one in step.options["rewrites"] if one != name]
            less = msgspec.structs.replace(step, options=step.options | {"rewrites": rest})
            found.append(
                Candidate(
                    name=f"{chosen.name} without {name}",
                    recipe=chosen.recipe,
                    steps=(*made.steps[:place], less, *made.steps[place + 1 :]),
                    note=f"without the rewrite {name}",
                )
            )
    return found


def optional(made: Made, place: int) -> list[str]:
    """The rewrites that changed the artifacts, but those that a later pass does anyway."""
    later = [getattr(step.load(), "PREPARED", ()) for step in made.steps[place + 1 :]]
    return [name for name in rewritten_by(made.artifact) if not any(name in each for each in later)]


def rewritten_by(folder: Path) -> list[str]:
    """The rewrites that changed a model's artifacts, as noted in them."""
    model = Model.load(folder)
    engine = plugin.load("rewrites", model.kind)
    noted = [engine.read_rewrites(folder / file) for file in model.files.values()]
    return list(dict.fromkeys(str(entry["rewrite"]) for entries in noted for entry in entries))


def shared_scales(chosen: Result, made: Made) -> list[Candidate]:
    """The chosen candidate with one scale for all channels of a dense layer, if any is tried.

    LiteRT stores 12 bytes of scale and zero point for each channel, beside 100 of weights for 100
    inputs. One scale for all costs some fidelity instead.
    """
    steps = tuple(with_shared_scales(step) for step in made.steps)
    if steps == made.steps or table_share(made.artifact) < TABLES:
        return []
    return [
        Candidate(
            name=f"{chosen.name} with shared scales",
            recipe=chosen.recipe,
            steps=steps,
            note="one scale for all channels of a dense layer",
        )
    ]


def with_shared_scales(step: Step) -> Step:
    """The step with one scale for each dense layer, if it quantizes all layers alike in 8 bits."""
    rules = step.options["rules"] if step.name == QUANTIZE else []
    if len(rules) != 1 or (rules[0]["bits"], rules[0]["granularity"]) != (8, "channel"):
        return step
    dense = rules[0] | {"op": "FULLY_CONNECTED", "granularity": "tensor"}
    return msgspec.structs.replace(step, options=step.options | {"rules": [*rules, dense]})


def table_share(folder: Path) -> float:
    """The part of a model's artifacts that the scales and zero points of dense layers take."""
    files = [folder / file for file in Model.load(folder).files.values()]
    return sum(map(dense_tables, files)) / sum(file.stat().st_size for file in files)

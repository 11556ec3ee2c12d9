"""What a search found, as files: the best recipe, those of the front, every trial, and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit import pareto
from edgekit.candidates.results import Report, Result, TargetReport
from edgekit.files.atomic import atomic_folder, write_file
from edgekit.measure.latency import Latency
from edgekit.plan.recipe import to_toml
from edgekit.search.study import Entry
from edgekit.typed import Typed, to_json

RECIPE, FRONT, DATA, PAGE = "recipe.toml", "front", "tune.json", "tune.html"
ENOUGH = 60.0  # dB: above it no difference counts


class Tried(Typed, frozen=True):
    """One trial: the options that were picked, the passes they mean, and how long it took."""

    options: dict[str, Any]
    passes: tuple[dict[str, Any], ...]
    seconds: float


class Tuned(Typed, frozen=True):
    """What a search found: `report` has the figures and verdicts, `tried` the options, by name.

    `front` names the trials that no other beats in size, latency and quality together, best first.
    `recipe` is the file of the chosen one, None where no trial was good enough.
    """

    report: Report
    front: tuple[str, ...]
    recipe: str | None
    tried: dict[str, Tried]

    @property
    def target(self) -> TargetReport:
        """The trials, as candidates of the one target."""
        return self.report.targets[0]


def goals(result: Result, base: Result) -> tuple[float, float, float]:
    """Log size and log latency relative to float32, and minus the decibels: lower is better."""
    from math import log

    ratio = result.latency.ratio if result.latency else 1.0
    quality = min(result.scores.get("sqnr", 0.0), ENOUGH)
    return log(result.size / base.size), log(ratio), -quality


def front(results: Sequence[Result], base: Result) -> list[Result]:
    """The results that no other beats in one goal without losing in another."""
    return pareto.front(results, lambda result: goals(result, base))


def tuned(
    report: Report, leading: Sequence[str], entries: Mapping[str, Entry], output: Path
) -> Tuned:
    """The findings; `leading` names the trials of the front."""
    chosen = report.targets[0].chosen
    return Tuned(
        report=report,
        front=tuple(leading),
        recipe=str(output / RECIPE) if chosen else None,
        tried={
            name: Tried(
                options=entry.options,
                passes=tuple({"pass": step.name} | step.options for step in entry.steps),
                seconds=round(entry.seconds, 2),
            )
            for name, entry in entries.items()
        },
    )


def write(found: Tuned, output: Path, html: str) -> None:
    """Every file; each appears whole, also where another process writes the same."""
    target, recipe = found.target, output / RECIPE
    if target.chosen:
        write_file(recipe, as_recipe(found, target.chosen).encode())
    else:
        recipe.unlink(missing_ok=True)
    with atomic_folder(output / FRONT, force=True) as folder:
        others = [name for name in found.front if name != target.chosen]
        for number, name in enumerate(others, start=1):
            text = as_recipe(found, name)
            (folder / f"{number:02}.toml").write_text(text, encoding="utf-8")
    write_file(output / DATA, to_json(found).encode())
    write_file(output / PAGE, html.encode())


def as_recipe(found: Tuned, name: str) -> str:
    """The recipe file of a trial, which says what it measured."""
    result, base = found.target.result(name), found.target.results[0]
    measured = f": {summary(result, base)}" if result else ""
    passes = [dict(entry) for entry in found.tried[name].passes]
    return to_toml(
        f"{name} of edgekit tune{measured}",
        found.target.engines[0],
        [(str(entry.pop("pass")), entry) for entry in passes],
    )


def summary(result: Result, base: Result) -> str:
    """Size, latency and quality in a few words; why there are none where it failed."""
    if result.failure:
        return result.failure
    quality = f", {result.scores['sqnr']:.1f} dB" if "sqnr" in result.scores else ""
    return f"{result.size / base.size:.2f} x size, {ratio(result.latency)} x latency{quality}"


def ratio(latency: Latency | None) -> str:
    """The latency relative to float32."""
    return f"{latency.ratio:.2f}" if latency else "?"


def noted(options: Mapping[str, Any]) -> str:
    """The options of a trial in a few words."""
    return ", ".join(f"{name} {value}" for name, value in options.items() if name != "method")

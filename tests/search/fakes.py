"""A workbench that measures nothing: figures follow from a recipe's options at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgekit import plugin
from edgekit.candidates.results import Result
from edgekit.candidates.stopwatch import Artifact
from edgekit.candidates.variants import Made
from edgekit.device import Device
from edgekit.measure.latency import Latency
from edgekit.mixed.sensitivity import FLOAT, Cost, Group, Sensitivity
from edgekit.model import Model
from edgekit.plan.candidate import Candidate, Search
from edgekit.plan.gate import Gate
from edgekit.plan.plan import TargetPlan
from edgekit.plan.request import Request
from edgekit.search.study import Study
from edgekit.search.trials import Trials
from tests.plan.plans import planned

SAME = {"model": "this one", "seed": "0"}
GATES = (Gate(metric="psnr", sign=">=", bound=20),)
COSTS = {
    FLOAT: Cost(),
    "w8a8": Cost(noise=1e-4, size=-30, time=-0.3),
    "w8": Cost(noise=1e-5, size=-30),
    "w4": Cost(noise=1e-2, size=-40),
}


class Builder:
    """Every attempt is a line of the file `attempts`; those of `refused` passes fail."""

    def __init__(self, folder: Path, refused: str = "") -> None:
        self._folder, self._refused = folder, refused
        folder.mkdir(parents=True, exist_ok=True)
        self.timed: list[list[str]] = []

    def device(self, plan: TargetPlan) -> Device:
        return Device()

    def attempt(self, plan: TargetPlan, candidate: Candidate) -> tuple[Result, Made | None]:
        text = json.dumps([[step.name, step.options] for step in candidate.steps])
        with (self._folder / "attempts").open("a") as file:
            file.write(f"{candidate.name}\n")
        if self._refused and self._refused in text:
            return Result(name=candidate.name, recipe="", failure="it was refused"), None
        # `full` bias correction is the same as `fast` here: two recipes, one artifact.
        content = text.replace("full", "fast")
        place = self._folder / hashlib.sha256(content.encode()).hexdigest()[:16]
        place.mkdir(exist_ok=True)
        (place / "net.tflite").write_text(content)
        files = {"net": "net.tflite"}
        Model(kind="tflite", family="latent", signatures={}, files=files).save(place)
        size, sqnr = figures(content)
        result = Result(
            name=candidate.name, recipe="", note=candidate.note, size=size,
            scores={"sqnr": sqnr, "psnr": sqnr},
        )  # fmt: skip
        return result, Made(
            engine=candidate.engine, artifact=place, trial=place, steps=candidate.steps
        )

    def sensitivity(
        self, plan: TargetPlan, search: Search, done: Callable[[str], None]
    ) -> Sensitivity:
        groups = tuple(Group(layers=(name,), costs=COSTS) for name in ("first", "second"))
        for group in groups:
            done(f"mixed, {group.layers[0]}")
        return Sensitivity(size=100, time=1.0, groups=groups)

    def time(self, device: Device, artifacts: Mapping[str, Artifact]) -> list[Latency | str]:
        self.timed.append(list(artifacts))
        found: list[Latency | str] = []
        for artifact in artifacts.values():
            text = (artifact.folder / "net.tflite").read_text()
            ratio = 0.4 if "static" in text or "preset" in text else 1.0
            ratio *= 0.5 if '["rewrite"' in text else 1.0
            found.append(
                Latency(seconds=ratio, ratio=ratio, ratio_low=ratio, ratio_high=ratio, noise=0,
                        runs=9)
            )  # fmt: skip
        return found

    def attempts(self) -> list[str]:
        """The names of what was attempted, in order."""
        return (self._folder / "attempts").read_text().splitlines()


def figures(text: str) -> tuple[int, float]:
    """Size and signal-to-noise ratio: 256 rows of calibration are best."""
    if "compress" not in text and "quantize-" not in text:
        return 1000, 120.0
    better = 4.0 if '"rows": 256' in text else 0.0
    worse = 25.0 if '"bits": 4' in text else 0.0
    return 200 if worse else 300, 40.0 + better - worse


def plan(name: str = "linux-openvino") -> TargetPlan:
    """The plan of `auto` and the search for mixed precision."""
    return planned(name, ["auto", "mixed"])


def trials(
    builder: Builder, folder: Path, name: str = "linux-openvino", **request: Any
) -> tuple[Trials, Study]:
    """A search in a folder, begun or gone on with."""
    made = plan(name)
    seeds = plugin.part(made.target.engines[0], "space").SEEDS
    queue = {c.name: seeds[c.name] for c in made.candidates}
    study = Study(folder, SAME, queue)
    asked = Request.of("net.keras", targets=name, output=folder, **request)
    return Trials(builder, study, made, GATES, asked, ignore), study


def ignore(what: object) -> None:
    """What a search tells of each trial and each measurement."""

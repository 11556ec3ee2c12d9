"""What is built, run and timed before anything is decided, and the variants tried after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest

from edgekit.candidates.builder import Builder
from edgekit.candidates.choose import decide
from edgekit.candidates.results import Result, TargetReport
from edgekit.candidates.stopwatch import Artifact
from edgekit.candidates.variants import Made
from edgekit.errors import PassError
from edgekit.jobs.convert import Silent, prepare
from edgekit.measure.evaluator import Evaluator
from edgekit.measure.latency import Latency
from edgekit.mixed import sensitivity
from edgekit.plan.candidate import Candidate
from edgekit.plan.plan import TargetPlan, make_plan
from edgekit.plan.request import Request
from edgekit.plan.steps import checked
from edgekit.work.workspace import Workspace
from tests.reference import TARGET
from tests.reference.net import generator, load

LOWER = '{ pass = "lower" }'
QUANTIZE = '{ pass = "quantize" }'
RECIPES = {
    "w8": f"reference = [{LOWER}, {QUANTIZE}]",
    "again": f"reference = [{LOWER}, {QUANTIZE.replace('}', ', static = true }')}]",
    "refused": f'reference = [{LOWER}, {{ pass = "fail" }}]',
    "slow": f'reference = [{LOWER}, {{ pass = "slow", delay = 0.02 }}]',
    "mixed": '[mixed]\nreference = ["w8", "w4"]\npoints = 2',
}


class Bench(NamedTuple):
    """A builder, a function from names of recipes to their plan, and the original's samples."""

    builder: Builder
    plan: Callable[..., TargetPlan]
    evaluator: Evaluator


Ran = tuple[TargetReport, dict[str, Made], list[str]]  # what was built, and told on the way


@pytest.fixture(scope="module")
def bench(reference_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """For a generator that mostly sleeps, since that is the same however busy the machine is."""
    folder, net = tmp_path_factory.mktemp("bench"), generator()
    net.design = msgspec.structs.replace(net.design, delay=0.002)
    net.save(folder / "latent.net")
    for name, text in RECIPES.items():
        (folder / f"{name}.toml").write_text(f'description = "{name}"\n{text}\n')
    workspace = Workspace(folder / "steps")
    request = Request.of(
        folder / "latent.net", targets=str(TARGET), output=folder, seconds=0.02, samples=9
    )

    def plan(*recipes: str) -> TargetPlan:
        files = tuple(str(folder / f"{name}.toml") for name in recipes)
        (made,) = make_plan(request.targets, files, ())
        return made

    builder, evaluator = prepare(request, workspace, [], None, 8, Silent(), 9)
    yield Bench(builder, plan, evaluator)
    workspace.stop()


@pytest.fixture(scope="module")
def ran(bench: Bench) -> Ran:
    told: list[str] = []
    return *bench.builder.run(bench.plan("w8", "again", "refused", "slow"), told.append), told


def found(report: TargetReport, name: str) -> Result:
    result = report.result(name)
    assert result is not None
    return result


@pytest.mark.long
def test_failures_are_collected_and_everything_is_told(
    ran: Ran,
) -> None:
    report, built, told = ran
    names = ["float32", "w8", "again", "refused", "slow"]
    assert [result.name for result in report.results] == names
    assert sorted(told) == sorted(f"reference: {name}" for name in names)
    assert found(report, "refused").failure == "fail: this net is not to its taste"
    assert set(built) == set(names) - {"refused"}
    assert report.chosen is None, "that is decided elsewhere"


def test_figures_are_those_of_the_artifact(bench: Bench, ran: Ran) -> None:
    report, built, _ = ran
    file = built["w8"].artifact / "generate.refnet"
    result, samples = found(report, "w8"), bench.evaluator.outputs["generate"]
    assert result.size == file.stat().st_size
    error = load(file)([bench.evaluator.draws["z"]]).astype(float) - samples
    assert result.scores["max_error"] == pytest.approx(np.abs(error).max(), abs=1e-5)
    assert result.scores["psnr"] == pytest.approx(10 * np.log10(4 / (error**2).mean()), abs=0.01)


def test_latencies_are_relative_to_float32_and_what_is_the_same_is_as_fast(
    ran: Ran,
) -> None:
    report, _, _ = ran
    base, w8, again, refused, slow = (result.latency for result in report.results)
    assert base and w8 and slow
    assert base.ratio == 1.0
    assert 5 < slow.ratio < 20
    assert slow.ratio == pytest.approx(slow.seconds / base.seconds)
    assert found(report, "again").same_as == "w8"
    assert again == w8
    assert refused is None


@pytest.fixture
def broken(ran: Ran, tmp_path: Path) -> Path:
    """An artifact that no engine loads."""
    for file in ran[1]["w8"].artifact.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "generate.refnet").write_bytes(b"no net")
    return tmp_path


@pytest.mark.long
def test_one_that_cannot_be_timed_does_not_keep_others_from_it(
    bench: Bench, ran: Ran, broken: Path
) -> None:
    report, built, _ = ran
    places = {name: Artifact("reference", built[name].artifact) for name in ("float32", "slow")}
    artifacts = {**places, "broken": Artifact("reference", broken)}
    base, slow, failed = bench.builder.time(report.device, artifacts)
    assert isinstance(base, Latency) and isinstance(slow, Latency)
    assert base.ratio < 2
    assert 5 < slow.ratio < 20
    assert isinstance(failed, str)
    assert failed.startswith(f"the reference engine cannot load '{broken / 'generate.refnet'}': ")


Judge = partial(decide, gates=[], objective="latency", strict=False)


@pytest.mark.long
def test_variants_are_tried_beside_the_chosen_one(
    bench: Bench, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is quicker, one fails, and one is what lost before: that does not come back."""
    before, built = ran[0], dict(ran[1])
    base = msgspec.structs.replace(before.results[0], offered=True)
    report = msgspec.structs.replace(before, results=(base, *before.results[1:]), chosen="slow")

    def variants(chosen: Result, made: Made) -> list[Candidate]:
        *first, slow = made.steps
        steps = {
            "slow quicker": (*first, msgspec.structs.replace(slow, options={"delay": 0.006})),
            "slow refused": (*made.steps, checked({"pass": "fail"}, "reference")),
            "slow again": made.steps,
            "slow no more": built["w8"].steps,
        }
        return [Candidate(name, chosen.recipe, "reference", done) for name, done in steps.items()]

    monkeypatch.setattr("edgekit.candidates.builder.variants", variants)
    told: list[str] = []
    after = bench.builder.refine(bench.plan("slow"), report, built, Judge, told.append)
    assert after.chosen == "slow quicker", "the quickest of all but float32 and w8"
    known = [result.name for result in before.results]
    new = ["slow quicker", "slow refused", "slow again", "slow no more"]
    assert [result.name for result in after.results] == known + new
    assert found(after, "slow").verdict == "good, another is better"
    assert found(after, "slow again").verdict == "the same artifact as slow"
    assert found(after, "slow no more").verdict == "the same artifact as w8"
    assert found(after, "slow refused").failure == "fail: this net is not to its taste"
    assert sorted(told) == sorted(f"reference: {name}" for name in new)
    assert "slow quicker" in built, "the bundle is written from it"


def test_without_a_choice_there_are_no_variants(
    bench: Bench,
    ran: Ran,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report, built, _ = ran
    monkeypatch.delattr("edgekit.candidates.builder.variants")
    plan = bench.plan("slow")
    assert bench.builder.refine(plan, report, built, Judge, print) is report


class Steps:
    """A work space in which the layers of a net are told, and one group's step crashes."""

    def __init__(self, folder: Path, sizes: dict[str, int]) -> None:
        self._folder, self._sizes = folder, sizes

    def step(self, function: Any, *, names: Sequence[str] = (), **_: Any) -> Path:
        if "1" in names:
            raise PassError("the process crashed (SIGSEGV)")
        cost = sensitivity.Cost(noise=1e-4, size=-100)
        told: Any = sensitivity.Group(tuple(names), {"w8": cost})
        told = self._sizes if function is sensitivity.layers else told
        (self._folder / "result.json").write_bytes(msgspec.json.encode(told))
        return self._folder

    def call(self, *_: Any, **__: Any) -> Any:
        latency = Latency(seconds=0.5, ratio=1, ratio_low=1, ratio_high=1, noise=0, runs=9)
        return [msgspec.to_builtins(latency)]


def measured(
    bench: Bench, folder: Path, made: Made, sizes: dict[str, int]
) -> tuple[sensitivity.Sensitivity, list[str]]:
    """What is found of a net of such layers, and what was told on the way."""
    for file in made.artifact.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    request = Request.of("net.net", targets=str(TARGET), output=folder)
    workspace: Any = Steps(folder, sizes)
    evaluator: Any = SimpleNamespace(folder=folder, model=bench.evaluator.model)
    plan, told = bench.plan("mixed"), list[str]()
    builder = Builder(request, workspace, folder, evaluator)
    return builder.sensitivity(plan, plan.searches[0], told.append), told


def test_a_group_of_layers_that_crashes_stays_in_float(
    bench: Bench, ran: Ran, tmp_path: Path
) -> None:
    made = ran[1]["float32"]
    result, told = measured(bench, tmp_path, made, {"0": 10, "1": 10, "2": 10})
    assert [group.layers for group in result.groups] == [("0",), ("1",), ("2",)]
    assert [list(group.costs) for group in result.groups] == [["w8"], ["float"], ["w8"]]
    assert result.groups[1].failures == ("the process crashed (SIGSEGV)",)
    assert result.size == (made.artifact / "generate.refnet").stat().st_size
    assert (result.time, len(told)) == (0.5, 3)


def test_a_net_without_weights_has_no_layers_to_search(
    bench: Bench, ran: Ran, tmp_path: Path
) -> None:
    with pytest.raises(PassError, match="no layer has constant weights"):
        measured(bench, tmp_path, ran[1]["float32"], {})

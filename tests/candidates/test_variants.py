"""Which variants of the chosen candidate are tried, and what a wrong one is told to be."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from edgekit import plugin
from edgekit.candidates import variants
from edgekit.candidates.builder import FLOAT_TOLERANCE, Builder, check_lowering
from edgekit.candidates.choose import decide, shortfall
from edgekit.candidates.results import Result, TargetReport
from edgekit.candidates.stopwatch import Artifact
from edgekit.candidates.variants import Made, fewer_rewrites, other_forms
from edgekit.device import Device
from edgekit.engines import Coverage
from edgekit.engines.litert import space
from edgekit.errors import PassError
from edgekit.measure.fidelity import relative_error
from edgekit.measure.latency import Latency, Trial
from edgekit.model import Model
from edgekit.original.reference import nudged
from edgekit.plan.candidate import Search
from edgekit.plan.gate import Gate
from edgekit.plan.request import Request
from tests.plan.plans import planned

PLAN = planned("linux-litert", ["int8-dynamic"])
PLAIN, REWRITTEN = PLAN.candidates[1:]
CHOSEN = Result(name=REWRITTEN.name, recipe=REWRITTEN.recipe)


def made(tmp_path: Path, rewritten: bool) -> Made:
    return Made("litert", tmp_path, tmp_path, REWRITTEN.steps if rewritten else PLAIN.steps)


def test_each_rewrite_that_did_something_is_left_out_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variants, "rewritten_by", lambda _: ["normalization", "transposed-conv"])
    found = fewer_rewrites(CHOSEN, made(tmp_path, rewritten=True))
    assert [variant.name.rpartition(" ")[2] for variant in found] == [
        "normalization",
        "transposed-conv",
    ]
    for variant in found:
        assert [s.name for s in variant.steps] == [s.name for s in REWRITTEN.steps]
        left_out = variant.name.rpartition(" ")[2]
        assert variant.note == f"without the rewrite {left_out}"
        (rewrite,) = (step for step in variant.steps if step.name == "rewrite")
        (before,) = (step for step in REWRITTEN.steps if step.name == "rewrite")
        assert set(before.options["rewrites"]) - set(rewrite.options["rewrites"]) == {left_out}


@pytest.mark.parametrize("applied", [[], ["transposed-conv"]])
def test_a_single_rewrite_has_been_left_out_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, applied: list[str]
) -> None:
    monkeypatch.setattr(variants, "rewritten_by", lambda _: applied)
    assert fewer_rewrites(CHOSEN, made(tmp_path, rewritten=True)) == []


def test_a_graph_as_it_was_lowered_has_none(tmp_path: Path) -> None:
    assert fewer_rewrites(CHOSEN, made(tmp_path, rewritten=False)) == []


def test_what_the_engine_changes_is_tried_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Model(kind="tflite", family="latent", signatures={}, files={"a": "a.tflite"}).save(tmp_path)
    (tmp_path / "a.tflite").write_bytes(bytes(1000))
    monkeypatch.setattr(space, "dense_tables", lambda _: 100)
    (variant,) = other_forms(CHOSEN, made(tmp_path, rewritten=True))
    assert variant.name == f"{CHOSEN.name} with shared scales"
    (quantize,) = (step for step in variant.steps if step.name == "quantize")
    everything, dense = quantize.options["rules"]
    assert (everything["op"], everything["granularity"]) == ("*", "channel")
    assert (dense["op"], dense["granularity"]) == ("FULLY_CONNECTED", "tensor")
    assert dense["mode"] == everything["mode"] == "dynamic"
    others = [step for step in variant.steps if step.name != "quantize"]
    assert others == [step for step in REWRITTEN.steps if step.name != "quantize"]
    monkeypatch.setattr(space, "dense_tables", lambda _: 1)
    assert other_forms(CHOSEN, made(tmp_path, rewritten=True)) == []


@pytest.mark.parametrize("recipe", ["float32", "int4-weights", "int8-dynamic-tf"])
def test_recipes_that_do_not_give_all_layers_8_bits_keep_their_scales(recipe: str) -> None:
    steps = planned("linux-litert", [recipe]).candidates[-1].steps
    passes = [{"pass": step.name, **step.options} for step in steps]
    assert list(map(space.with_shared_scales, passes)) == passes


def test_a_wrong_lowering_is_not_laid_to_the_last_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Trial(
        memory=0, load_seconds=0.0, coverage=Coverage(ops=1.0, multiply_adds=1.0, fallbacks=())
    )
    (tmp_path / "result.json").write_bytes(msgspec.json.encode(told))
    monkeypatch.setattr(Builder, "_build_and_try", lambda *_: Made("litert", tmp_path, tmp_path))
    request = Request.of("net.keras", targets="linux-litert", output="out")
    known = SimpleNamespace(range_doubt=())
    evaluator: Any = SimpleNamespace(relative_error=lambda _: 0.25, sensitivity=2e-7, model=known)
    builder = Builder(request, SimpleNamespace(), tmp_path, evaluator)  # type: ignore[arg-type]
    result, nothing = builder.attempt(PLAN, PLAN.candidates[0])
    assert nothing is None
    assert result.failure == (
        "the float32 artifact differs from the original by 0.25 (relative), more than 0.0001 "
        "(one ulp of the inputs moves the original by 2e-07): the lowering is wrong"
    )


def test_a_net_that_float32_does_not_resolve_is_not_a_wrong_lowering() -> None:
    """sin(2π·1000·v): float32 itself tells its value no better than an ulp of v does."""
    v = np.random.default_rng(0).uniform(0.5, 1, (256, 1)).astype(np.float32)
    turns = np.float32(2 * np.pi * 1000)
    one = {"y": np.sin(turns * v)}
    other = {"y": np.sin(np.float32(2 * np.pi) * (np.float32(1000) * v))}  # in another order
    sensitivity = relative_error(one, {"y": np.sin(turns * nudged({"v": v})["v"])})
    error = relative_error(one, other)
    assert error > FLOAT_TOLERANCE
    check_lowering(error, sensitivity)
    with pytest.raises(PassError, match="the lowering is wrong"):
        check_lowering(error, 1e-7)
    with pytest.raises(PassError, match="the lowering is wrong"):
        check_lowering(10 * sensitivity, sensitivity)


@pytest.mark.parametrize(
    ("recipe", "doubted"), [("int8", True), ("int8-dynamic", False), ("int8-weights", False)]
)
def test_what_is_calibrated_is_in_doubt_where_the_range_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, doubted: bool
) -> None:
    def refused(*_: object) -> Made:
        raise PassError("not built")

    monkeypatch.setattr(Builder, "_build_and_try", refused)
    request = Request.of("net.keras", targets="linux-litert", output="out")
    plan = planned("linux-litert", [recipe])
    for doubts in ((), ((0.0, 255.0),)):
        evaluator: Any = SimpleNamespace(model=SimpleNamespace(range_doubt=doubts))
        builder = Builder(request, SimpleNamespace(), tmp_path, evaluator)  # type: ignore[arg-type]
        result, _ = builder.attempt(plan, plan.candidates[-1])
        assert bool(result.doubt) is (doubted and bool(doubts))


@pytest.mark.parametrize(("engine", "static"), [("litert", {"16x8"}), ("openvino", {"w8a8"})])
def test_a_search_without_calibration_leaves_out_static_precisions(
    engine: str, static: set[str]
) -> None:
    known = plugin.part(engine, "precision").PRECISIONS
    search = Search("mixed", "mixed", engine, (), known, points=6, groups=4)
    assert set(known) - set(search.uncalibrated().precisions) == static


def test_what_a_search_finds_is_timed_beside_the_best_and_chosen_where_it_is_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned("linux-litert", ["auto"])
    gates = [Gate(metric="psnr", sign=">=", bound=30)]
    ratios = {"float32": 1.0, "float16": 1.0, "int8": 0.5, "mixed-1": 0.6, "mixed-2": 0.9}

    def result(name: str, size: int, psnr: float) -> Result:
        return Result(name=name, recipe=name.partition("-")[0], size=size,
                      scores={"sqnr": psnr, "psnr": psnr})  # fmt: skip

    def place(name: str) -> Made:
        return Made("litert", tmp_path / name, tmp_path, ())

    def searched(
        _: Any, plan: Any, search: Any, base: str, built: dict[str, Made], done: Any
    ) -> list[Result]:
        assert (search, base) == (plan.otherwise[0], "float32")
        found = [result("mixed-1", 33, 31.0), result("mixed-2", 20, 12.0)]
        built.update({each.name: place(each.name) for each in found})
        return found

    asked: list[list[str]] = []

    def once(_: Any, device: Device, artifacts: list[Artifact]) -> list[Latency]:
        asked.append([artifact.folder.name for artifact in artifacts])
        return [
            Latency(seconds=r, ratio=r, ratio_low=r, ratio_high=r, noise=0.0, runs=9)
            for r in map(ratios.__getitem__, asked[-1])
        ]

    monkeypatch.setattr(Builder, "_searched", searched)
    monkeypatch.setattr("edgekit.candidates.stopwatch.Stopwatch._once", once)
    monkeypatch.setattr("edgekit.candidates.builder.fingerprint", str)
    request = Request.of("net.keras", targets="linux-litert", output="out")
    builder = Builder(request, SimpleNamespace(), tmp_path, SimpleNamespace())  # type: ignore[arg-type]
    results = [result("float32", 100, 120.0), result("float16", 50, 90.0), result("int8", 25, 12.0)]
    built = {each.name: place(each.name) for each in results}

    def judge(report: TargetReport) -> TargetReport:
        return decide(report, gates, "balanced")

    first = judge(TargetReport.of(plan, Device(), results))
    assert first.chosen == "float16"
    why = shortfall(first, gates)
    found = builder.go_on(plan, plan.otherwise[0], first, built, why, judge, lambda _: None)
    rivals = ["float32", "float16", "mixed-1", "mixed-2"]
    assert asked == [rivals] * 3, "not what was out before; in three processes"
    assert found.chosen == "mixed-1"
    assert found.searched == why
    assert "int8, gate missed: psnr 12" in why
    assert shortfall(found, gates) == ""

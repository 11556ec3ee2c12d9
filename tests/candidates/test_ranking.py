"""The same input gives the same choice, however the timings turn out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest

from edgekit.candidates.choose import decide, merged
from edgekit.candidates.ranking import CLOSE, best, equals
from edgekit.candidates.results import Report, Result, TargetReport
from edgekit.candidates.stopwatch import Artifact, Stopwatch
from edgekit.candidates.timing import pooled
from edgekit.device import Device
from edgekit.errors import PassError
from edgekit.measure.latency import Latency, summary
from edgekit.report.tables import equal
from edgekit.work.workspace import Workspace

REWRITTEN = ("export", "lower", "rewrite")
TURNS, RUNS = 15, 100


class Clock(Stopwatch):
    """Draws timings: each turn is off by 2 to 6 %, each process by 0.5 %; by more beside load."""

    def __init__(
        self, true: Mapping[str, float], chance: np.random.Generator, load: float = 1.0
    ) -> None:
        super().__init__(cast("Workspace", None), seconds=0.3)
        self._true, self._chance, self._load = true, chance, load

    def _once(self, device: Device, artifacts: Sequence[Artifact]) -> list[Latency]:
        level, bias = self._load * self._chance.uniform(0.02, 0.06), self._load * 0.005
        turns = [
            self._true[artifact.folder.name]
            * np.exp(self._chance.normal(0, level, TURNS) + self._chance.normal(0, bias))
            for artifact in artifacts
        ]
        return [summary(own, turns[0], 1) for own in turns]


def result(name: str, size: int = 25, sqnr: float = 40.0, latency: float | None = None) -> Result:
    steps = REWRITTEN if "+rewrites" in name else ()
    timed = latency and Latency(
        seconds=latency, ratio=latency, ratio_low=latency, ratio_high=latency, noise=0, runs=9
    )
    return Result(name=name, recipe=name, steps=steps, size=size, scores={"sqnr": sqnr},
                  latency=timed or None)  # fmt: skip


FLOAT = result("float32", size=100, sqnr=120.0, latency=1.0)


def placed(name: str) -> Artifact:
    """An artifact that is told by its folder's name."""
    return Artifact("litert", Path(name))


def chosen(clock: Clock, candidates: list[Result]) -> TargetReport:
    """What a conversion that draws its timings chooses."""
    places = {r.name: placed(r.name) for r in candidates if not r.failure}
    results = clock.timed(Device(), places, candidates)

    def judge(report: TargetReport) -> TargetReport:
        return decide(report, [], "balanced")

    report = TargetReport(name="board", description="", engines=("litert",), results=tuple(results))
    return clock.settled(judge(report), places, judge)


def many(
    candidates: list[Result], true: Mapping[str, float], load: float = 1.0
) -> list[TargetReport]:
    chance = np.random.default_rng(0)
    return [chosen(Clock(true, chance, load), candidates) for _ in range(RUNS)]


PAIR = [FLOAT, result("int8"), result("int8+rewrites")]


@pytest.mark.parametrize(
    ("candidates", "true", "name"),
    [
        (PAIR, {"int8": 0.3, "int8+rewrites": 0.3}, "int8"),
        (PAIR, {"int8": 0.3, "int8+rewrites": 0.294}, "int8"),
        (PAIR, {"int8": 0.3, "int8+rewrites": 0.27}, "int8+rewrites"),
        (PAIR[:1] + PAIR[:0:-1], {"int8": 0.3, "int8+rewrites": 0.3}, "int8"),
        ([FLOAT, result("float16", 50, 90.0)], {"float16": 1.0}, "float16"),
        ([FLOAT, result("float16", 50, 90.0)], {"float16": 1.08}, "float32"),
        ([FLOAT, result("a", 25, 40.0), result("b", 25, 44.0)], {"a": 0.3, "b": 0.3}, "b"),
    ],
)
def test_hundreds_of_conversions_choose_the_same(
    candidates: list[Result], true: dict[str, float], name: str
) -> None:
    found = Counter(each.chosen for each in many(candidates, {"float32": 1.0} | true))
    assert found.most_common(1)[0][0] == name
    assert found[name] >= 0.99 * RUNS


@pytest.mark.long
def test_beside_much_load_what_turns_vary_by_is_not_taken_for_a_gain() -> None:
    found = many(PAIR, {"float32": 1.0, "int8": 0.3, "int8+rewrites": 0.29}, load=6.0)
    assert Counter(each.chosen for each in found)["int8"] >= 0.98 * RUNS


@pytest.mark.long
def test_beside_much_load_quality_does_not_outweigh_what_is_not_known_of_speed() -> None:
    """Of many that are about as good, each more precise and slower than the next."""
    rivals = [
        FLOAT, result("float32+rewrites", 100, 120.0), result("float16", 50, 76.0),
        result("int8-weights", 27, 41.0), result("int8-weights+rewrites", 27, 42.0),
        result("int8-dynamic", 27, 38.0), result("int8-dynamic+rewrites", 27, 38.3),
        result("int8", 28, 33.0), result("int8+rewrites", 28, 33.1),
    ]  # fmt: skip
    latencies = (1.0, 0.36, 1.0, 0.9, 0.41, 0.305, 0.305, 0.305, 0.3)
    found = many(rivals, dict(zip([r.name for r in rivals], latencies, strict=True)), load=10.0)
    assert Counter(each.chosen for each in found)["int8-dynamic"] >= 0.98 * RUNS


def test_timings_that_tell_nothing_are_taken_again_until_they_do() -> None:
    """Each process is off by 7 %, each turn by a half: three processes cannot tell, and of what
    cannot be told apart the first would be chosen."""
    rivals = [FLOAT, result("int8-weights", sqnr=50.0), result("int8-dynamic", sqnr=40.0)]
    found = many(rivals, {"float32": 1.0, "int8-weights": 0.3, "int8-dynamic": 0.15}, load=14.0)
    assert Counter(each.chosen for each in found)["int8-dynamic"] >= 0.98 * RUNS


@pytest.mark.long
def test_where_the_choice_may_turn_the_other_is_told_to_be_equal() -> None:
    """No rule is the same on both sides of its edge, but it can say that it stands there."""
    edge = float(np.exp(-CLOSE))
    found = many(PAIR, {"float32": 1.0, "int8": 0.3, "int8+rewrites": 0.3 * edge})
    told = [set(each.equal) | {each.chosen} >= {"int8", "int8+rewrites"} for each in found]
    assert np.mean(told) >= 0.99


def test_without_timings_in_the_objective_the_smallest_wins_by_a_byte() -> None:
    plain, other = result("plain", 1000, latency=0.3), result("other+rewrites", 999, latency=0.3)
    assert best([plain, other], FLOAT, "size").name == "other+rewrites"
    assert equals(plain, [plain, other], FLOAT, "size") == ()


def test_what_is_equal_is_told_and_not_called_worse() -> None:
    plain, other = result("plain", latency=0.3), result("other", latency=0.299)
    report = TargetReport(
        name="board", description="", engines=("litert",), results=(FLOAT, plain, other)
    )
    told = decide(report, [], "balanced")
    assert (told.chosen, told.equal) == ("plain", ("other",))
    assert [r.verdict for r in told.results[1:]] == ["chosen", "good, equal within noise"]
    whole = Report(model="m", family="latent", parameters=1, objective="balanced", samples=2,
                   seed=0, created="", targets=(told,))  # fmt: skip
    assert equal(whole, told).startswith(
        "equal within noise, by the objective 'balanced': plain, other"
    )


def test_measurements_of_one_ratio_are_joined() -> None:
    near = Latency(seconds=0.5, ratio=0.5, ratio_low=0.49, ratio_high=0.51, noise=0.01, runs=10)
    assert pooled([near] * 4).spread == pytest.approx(near.spread / 2)
    other = msgspec.structs.replace(near, ratio=0.6, ratio_low=0.59, ratio_high=0.61)
    both = pooled([near, other])
    assert both.runs == 20
    assert both.ratio == pytest.approx(0.3**0.5)
    assert both.seconds == pytest.approx(0.3**0.5 * (1.0 + 0.5 / 0.6) / 2)
    # Student's t of one degree of freedom is 12.7: two that disagree tell next to nothing.
    assert both.spread == pytest.approx(12.706 * np.log(0.6 / 0.5) / 2, rel=1e-3)
    assert pooled([near, other] * 6).spread < both.spread / 10


def test_a_variant_replaces_the_chosen_one_and_the_others_stay_beaten() -> None:
    first = decide(
        TargetReport(
            name="board", description="", engines=("litert",),
            results=(FLOAT, result("chosen", latency=0.3), result("beaten", latency=0.4)),
        ),
        [], "balanced",
    )  # fmt: skip
    rivals = (FLOAT, result("chosen", latency=0.45), result("variant", latency=0.35))
    among = decide(msgspec.structs.replace(first, results=rivals), [], "balanced")
    found = merged(first, among)
    assert found.chosen == "variant", "although it was measured to be slower than before"
    assert [r.name for r in found.results] == ["float32", "chosen", "beaten", "variant"]
    assert found.results[2].verdict == "good, another is better"


def test_a_variant_that_is_what_was_there_before_is_told_to_be_that() -> None:
    """And nothing that is chosen stands among what is equal to it."""
    twin = msgspec.structs.replace(result("int8 without x", latency=0.3), same_as="float32")
    first = TargetReport(
        name="board", description="", engines=("litert",), chosen="int8",
        results=(FLOAT, result("int8", latency=0.3)), equal=("int8 without y", "int8+rewrites"),
    )  # fmt: skip
    rivals = (FLOAT, result("int8", latency=0.31), result("int8 without y", latency=0.2))
    among = decide(msgspec.structs.replace(first, results=rivals), [], "balanced")
    found = merged(first, among, [twin])
    assert found.chosen == "int8 without y"
    assert "int8 without y" not in found.equal
    last = found.result("int8 without x")
    assert last and last.verdict == "the same artifact as float32"


def test_the_same_artifact_has_the_same_latency_and_is_timed_once() -> None:
    clock = Clock({"float32": 1.0, "int8": 0.3}, np.random.default_rng(0))
    twin = msgspec.structs.replace(result("int8+rewrites"), same_as="int8")
    results = [FLOAT, result("int8"), twin]
    places = {each.name: placed(each.name) for each in results}
    _, one, other = clock.timed(Device(), places, results)
    assert one.latency == other.latency is not None


def test_without_a_baseline_nothing_is_timed_again() -> None:
    failed = Result(name="float32", recipe="float32", failure="crashed")
    report = chosen(Clock({}, np.random.default_rng(0)), [failed])
    assert (report.chosen, report.failure) == (None, "board: crashed")


def test_what_crashes_when_it_is_timed_again_is_not_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock({"float32": 1.0, "int8": 0.3}, np.random.default_rng(0))
    places = {name: placed(name) for name in ("float32", "int8", "b")}
    results = (FLOAT, result("int8", latency=0.3), result("b", latency=0.3))
    report = TargetReport(
        name="board", description="", engines=("litert",), results=results,
        undecided=("int8", "b"),
    )  # fmt: skip
    measured = clock._once

    def crashing(device: Device, artifacts: Sequence[Artifact]) -> list[Latency]:
        if placed("b") in artifacts:
            raise PassError("it crashed")
        return measured(device, artifacts)

    monkeypatch.setattr(clock, "_once", crashing)
    found = clock.settled(report, places, lambda told: decide(told, [], "balanced"))
    assert [each.failure for each in found.results] == ["", "", "it crashed"]
    assert found.chosen == "int8"


@pytest.mark.parametrize(
    ("true", "fastest"),
    [({"a": 1.0, "b": 0.7}, "b"), ({"a": 1.0, "b": 1.3}, "a"), ({"a": 1.0, "b": 1.0}, "a")],
)
def test_the_fastest_baseline_is_what_others_are_compared_with(
    true: dict[str, float], fastest: str
) -> None:
    """Of equal ones the first, as often as a confidence of 95 % lets it be."""
    chance = np.random.default_rng(0)
    places = {name: placed(name) for name in true}
    found = [Clock(true, chance).fastest(Device(), places) for _ in range(RUNS)]
    assert found.count(fastest) >= 0.95 * RUNS


def test_a_baseline_that_crashes_is_not_the_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock({"a": 1.0, "b": 2.0}, np.random.default_rng(0))
    measured = clock._once

    def crashing(device: Device, artifacts: Sequence[Artifact]) -> list[Latency]:
        if placed("b") in artifacts:
            raise PassError("it crashed")
        return measured(device, artifacts)

    monkeypatch.setattr(clock, "_once", crashing)
    assert clock.fastest(Device(), {"a": placed("a"), "b": placed("b")}) == "a"

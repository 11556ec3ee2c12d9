"""The search: what comes first, what is kept, and what a second process or a second run does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from optuna.trial import TrialState

from edgekit.candidates.ranking import CLOSE, rank
from edgekit.candidates.results import Result
from edgekit.candidates.stopwatch import Artifact
from edgekit.device import Device
from edgekit.engines.litert import space as litert
from edgekit.engines.openvino import space as openvino
from edgekit.errors import InputError
from edgekit.measure.latency import Latency
from edgekit.plan.recipe import BASELINE
from edgekit.search.result import front
from edgekit.search.study import LOG, check_log
from edgekit.search.trials import FINALISTS
from tests.search.fakes import SAME, Builder, ignore, trials

CRASH = "it crashed"
AUTO = [
    "float32", "float32+rewrites", "float16", "int8-weights", "int8-weights+rewrites", "int8",
    "int8+rewrites", "int8-symmetric", "int8-symmetric+rewrites", "int4-weights",
    "int4-weights+rewrites",
]  # fmt: skip


@pytest.fixture
def rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A LiteRT net that two rewrites changed."""
    choices = {
        "dense": ("8", "8-tensor", "4"),
        "left_out": ("none", "transposed-conv", "idle-movement"),
    }
    monkeypatch.setattr(litert, "narrowed", lambda folders: choices)


def test_the_candidates_of_auto_come_first_and_beside_the_trials(tmp_path: Path) -> None:
    search, study = trials(Builder(tmp_path / "builder"), tmp_path / "out")
    search.search(4, None, ignore)
    names = [entry.result.name for entry in study.entries()]
    assert names[: len(AUTO)] == AUTO
    assert len(names) == len(AUTO) + 4


@pytest.mark.long
def test_no_recipe_is_tried_twice_and_no_artifact_timed_twice(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "builder")
    search, study = trials(builder, tmp_path / "out")
    study.enqueue({"twin": openvino.SEEDS["int8"] | {"bias_correction": "full"}})
    search.search(40, None, ignore)
    entries = study.entries()
    assert len(entries) == len(AUTO) + 1 + 40
    assert len({str(entry.steps) for entry in entries}) == len(entries)
    twins = [entry for entry in entries if entry.result.same_as]
    assert twins
    assert len(builder.timed) == len(entries) - len(twins)
    by_name = {entry.result.name: entry for entry in entries}
    for entry in twins:
        twin = by_name[entry.result.same_as]
        assert (twin.artifact, twin.result.latency) == (entry.artifact, entry.result.latency)


def test_it_ends_when_there_is_nothing_new(tmp_path: Path) -> None:
    """A target with fewer recipes than trials: found out by proposals that repeat themselves."""
    search, study = trials(Builder(tmp_path / "builder"), tmp_path / "out")
    search._space = type("Space", (), {"METHODS": ("float32",), "SEEDS": {}, "passes": few})  # type: ignore[assignment]
    search._plan = type(search._plan)(
        name="x", target=search._plan.target, candidates=search._plan.candidates
    )
    for _ in range(study.waiting()):
        study.drop(study.ask())
    search.search(1000, None, ignore)
    assert len(study.entries()) == 3


def few(method: str, pick: object) -> list[dict[str, object]]:
    """Three recipes."""
    rows = pick("rows", (1, 2, 3))  # type: ignore[operator]
    return [{"pass": "quantize", "rows": rows}]


def test_after_the_deadline_only_the_candidates_of_auto_begin(
    tmp_path: Path, rewritten: None
) -> None:
    search, study = trials(Builder(tmp_path / "builder"), tmp_path / "out", name="linux-litert")
    search.search(10, 0.0, ignore)
    search.refine(0.0, ignore)
    assert sorted(entry.result.name for entry in study.entries()) == sorted(litert.SEEDS)
    search.refine(None, ignore)
    assert len(study.entries()) > len(litert.SEEDS)


def test_resumed_it_goes_on(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "builder")
    trials(builder, tmp_path / "out")[0].search(3, None, ignore)
    first = builder.attempts()
    search, study = trials(builder, tmp_path / "out")
    search.search(3, None, ignore)
    assert len(study.entries()) == len(AUTO) + 6
    assert set(first) & set(builder.attempts()[len(first) :]) == {BASELINE, f"{BASELINE}+rewrites"}


def test_an_interrupted_trial_is_dropped_and_one_of_auto_comes_again(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "builder")
    search, study = trials(builder, tmp_path / "out")

    def interrupt(result: Result) -> None:
        builder.attempt = stop  # type: ignore[method-assign, assignment]

    with pytest.raises(KeyboardInterrupt):
        search.search(3, None, interrupt)
    assert [entry.result.name for entry in study.entries()] == AUTO[:1]
    search, study = trials(Builder(tmp_path / "builder"), tmp_path / "out")
    search.search(0, None, ignore)
    assert sorted(entry.result.name for entry in study.entries()) == sorted(AUTO)


@pytest.mark.parametrize("name", ["int8", "a variant"])
def test_what_a_killed_process_was_at_comes_again(tmp_path: Path, name: str) -> None:
    program = PROGRAM.replace("search.search(", KILLED + "search.search(")
    killed = [sys.executable, "-c", program, str(tmp_path), "builder", name]
    assert subprocess.run(killed, check=False).returncode == 9
    search, study = trials(Builder(tmp_path / "builder"), tmp_path / "out")
    study.enqueue({"a variant": VARIANT})
    search.search(0, None, ignore)
    names = [entry.result.name for entry in study.entries()]
    assert sorted(names) == sorted([*AUTO, "a variant"])


def stop(*args: object) -> None:
    raise KeyboardInterrupt


def test_a_failed_trial_keeps_its_reason_and_the_others_go_on(tmp_path: Path) -> None:
    search, study = trials(Builder(tmp_path / "builder", refused="quantize"), tmp_path / "out")
    search.search(5, None, ignore)
    failures = {entry.result.name: entry.result.failure for entry in study.entries()}
    assert failures["int8"] == "it was refused"
    assert failures["int8-weights"] == ""
    decided = search.final()
    assert decided.result("int8").verdict == "it was refused"  # type: ignore[union-attr]
    assert decided.chosen


def test_a_precision_for_each_layer(tmp_path: Path) -> None:
    search, study = trials(Builder(tmp_path / "builder"), tmp_path / "out")
    told: list[str] = []
    search._measured = told.append
    study.enqueue({"fast": {"method": "mixed", "budget": "time", "part": 0.5}})
    search.search(0, None, ignore)
    assert told == ["mixed, first", "mixed, second"]
    steps = study.entries()[-1].steps
    assert {step.rows for step in steps if step.calibrates} == {search._request.calibration}


def test_the_sampler_learns_what_failed(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "builder", refused="compress")
    search, study = trials(builder, tmp_path / "out")
    search.search(5, None, ignore)
    ended = study._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    failed = [trial for trial in ended if trial.user_attrs["entry"]["result"].get("failure")]
    assert failed
    assert all(trial.constraints == {"rejected": 1.0} for trial in failed)


def test_a_search_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    check_log(folder, SAME, resume=False)
    trials(Builder(tmp_path / "builder"), folder)[0].search(0, None, ignore)
    before = (folder / LOG).read_bytes()
    with pytest.raises(
        InputError, match=rf"{len(AUTO)} recipes tried; pass --resume .* choose another -o"
    ):
        check_log(folder, SAME, resume=False)
    check_log(folder, SAME, resume=True)
    assert (folder / LOG).read_bytes() == before


def test_a_record_that_a_full_disk_cut_short_is_left_out(tmp_path: Path) -> None:
    builder, folder = Builder(tmp_path / "builder"), tmp_path / "out"
    trials(builder, folder)[0].search(0, None, ignore)
    with (folder / LOG).open("a") as log:
        log.write('{"op_code":4,"wor')
    check_log(folder, SAME, resume=True)
    search, study = trials(builder, folder)
    search.search(1, None, ignore)
    assert [entry.result.name for entry in study.entries()][:-1] == AUTO
    check_log(folder, SAME, resume=True)


def test_another_search_is_not_gone_on_with(tmp_path: Path) -> None:
    trials(Builder(tmp_path / "builder"), tmp_path / "out")
    with pytest.raises(InputError, match=r"is with another model and seed; .* another -o"):
        check_log(tmp_path / "out", {"model": "that one", "seed": "1"}, resume=True)


def test_a_damaged_log_is_told(tmp_path: Path) -> None:
    trials(Builder(tmp_path / "builder"), tmp_path / "out")
    log = tmp_path / "out" / LOG
    log.write_text(log.read_text()[:200] + "\nno record\n{}\n")
    with pytest.raises(InputError, match=r"study.log' is damaged; choose another -o"):
        check_log(tmp_path / "out", SAME, resume=True)


PROGRAM = """
import sys
from pathlib import Path
from tests.search.fakes import Builder, ignore, trials
home = Path(sys.argv[1])
search, study = trials(Builder(home / sys.argv[2]), home / "out")
search.search(8, None, ignore)
"""

VARIANT = openvino.SEEDS["int8"] | {"rows": 16}
# Ends the process when it is at the trial of a name.
KILLED = f"""
import os
study.enqueue({{"a variant": {VARIANT}}})
real = search._try
search._try = lambda t: os._exit(9) if t.user_attrs["candidate"] == sys.argv[3] else real(t)
"""


@pytest.mark.long
def test_two_processes_share_a_search(tmp_path: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path), name])
        for name in ("one", "two")
    ]
    assert [process.wait(120) for process in running] == [0, 0]
    _, study = trials(Builder(tmp_path / "builder"), tmp_path / "out")
    names = [entry.result.name for entry in study.entries()]
    assert sorted(set(names) & set(AUTO)) == sorted(AUTO)
    assert len(names) >= len(AUTO) + 16
    assert len(names) == len(set(names))
    for name in ("one", "two"):
        assert len(Builder(tmp_path / name).attempts()) >= 8


@pytest.mark.parametrize("objective", ["balanced", "size", "latency", "quality"])
@pytest.mark.long
def test_never_worse_than_auto(tmp_path: Path, objective: str) -> None:
    """With no trial of its own it chooses as `convert` does, and with some not worse."""
    alone, _ = trials(Builder(tmp_path / "builder"), tmp_path / "alone", objective=objective)
    alone.search(0, None, ignore)
    longer, _ = trials(Builder(tmp_path / "builder"), tmp_path / "longer", objective=objective)
    longer.search(25, None, ignore)
    first, second = alone.final(), longer.final()
    assert first.chosen in AUTO
    best, better = first.result(first.chosen), second.result(second.chosen)
    assert best is not None
    assert better is not None
    old, new = (rank(result, alone.base, objective) for result in (best, better))
    assert new <= old + CLOSE


def test_the_variants_of_the_best_are_tried(tmp_path: Path, rewritten: None) -> None:
    """As `convert` does with what it chose."""
    search, study = trials(Builder(tmp_path / "builder"), tmp_path / "out", name="linux-litert")
    search.search(0, None, ignore)
    chosen = search.judged(search.results()).chosen
    assert chosen is not None
    assert chosen.endswith("+rewrites")
    before = len(study.entries())
    search.refine(None, ignore)
    new = [entry.result.name for entry in study.entries()][before:]
    assert new == [
        f"{chosen} without transposed-conv",
        f"{chosen} without idle-movement",
        f"{chosen} with shared scales",
    ]
    search.refine(None, ignore)
    assert len(study.entries()) == before + 3


def test_the_best_are_timed_once_more_side_by_side(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "builder")
    search, _ = trials(builder, tmp_path / "out")
    search.search(20, None, ignore)
    decided = search.final()
    last = builder.timed[-1]
    assert last[0] == BASELINE
    assert decided.chosen in last
    failed_or_twins = {r.name for r in search.results() if r.failure or r.same_as}
    assert set(AUTO) - failed_or_twins <= set(last)
    assert len(last) <= FINALISTS + len(AUTO) + 1
    assert sum(result.verdict == "chosen" for result in decided.results) == 1
    assert all(result.verdict for result in decided.results)


def crashing(builder: Builder, *names: str) -> None:
    """Let the timing of some artifacts fail from now on; without names, of all."""
    real = builder.time

    def time(device: Device, artifacts: Mapping[str, Artifact]) -> list[Latency | str]:
        found = zip(artifacts, real(device, artifacts), strict=True)
        return [CRASH if name in names or not names else latency for name, latency in found]

    builder.time = time  # type: ignore[method-assign]


@pytest.mark.parametrize("before", [0, 20])
@pytest.mark.long
def test_a_baseline_that_cannot_be_timed_is_told(tmp_path: Path, before: int) -> None:
    """From the first trial on, or at the end alone."""
    builder = Builder(tmp_path / "builder")
    search, _ = trials(builder, tmp_path / "out")
    if before:
        search.search(before, None, ignore)
    crashing(builder)
    search.search(0, None, ignore)
    decided = search.final()
    assert (decided.baseline, decided.chosen) == (None, None)
    assert decided.failure == f"linux-openvino: {CRASH}"
    assert not any(result.verdict.startswith("good") for result in decided.results)


def test_one_that_fails_when_timed_once_more_is_out(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "builder")
    search, _ = trials(builder, tmp_path / "out")
    search.search(0, None, ignore)
    chosen = search.judged(search.results()).chosen
    assert chosen
    crashing(builder, chosen)
    decided = search.final()
    assert decided.result(chosen).verdict == CRASH  # type: ignore[union-attr]
    assert decided.chosen not in (None, chosen)


def test_a_twin_fares_as_the_first(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "builder")
    search, study = trials(builder, tmp_path / "out")
    search.search(0, None, ignore)
    study.enqueue({"twin": openvino.SEEDS["int8"] | {"bias_correction": "full"}})
    search.search(0, None, ignore)
    verdict = search.final().result("twin").verdict  # type: ignore[union-attr]
    assert verdict == "the same artifact as int8"


def test_a_twin_of_what_cannot_be_timed_fails_too(tmp_path: Path) -> None:
    builder = Builder(tmp_path / "builder")
    search, study = trials(builder, tmp_path / "out")
    crashing(builder)
    study.enqueue({"twin": openvino.SEEDS["int8"] | {"bias_correction": "full"}})
    search.search(0, None, ignore)
    assert study.entries()[-1].result.same_as == "int8"
    assert study.entries()[-1].result.failure == CRASH


def test_the_front_is_what_nothing_beats() -> None:
    def result(name: str, size: int, ratio: float, sqnr: float) -> Result:
        latency = Latency(ratio, ratio, ratio, ratio, noise=0, runs=9)
        return Result(name=name, recipe="", size=size, latency=latency, scores={"sqnr": sqnr})

    results = [
        result("base", 1000, 1.0, 120),
        result("fine", 900, 0.9, 70),  # as good as the base: nobody sees what is above 60 dB
        result("fast", 500, 0.5, 30),
        result("slower", 500, 0.6, 30),
        result("as fast", 500, 0.5, 30),
        result("small", 200, 1.0, 20),
        result("worse", 200, 1.1, 19),
    ]
    leading = [one.name for one in front(results, results[0])]
    assert leading == ["fine", "fast", "as fast", "small"]


def test_when_no_gate_is_met_nothing_is_chosen(tmp_path: Path) -> None:
    search, _ = trials(Builder(tmp_path / "builder"), tmp_path / "out", max_size=1)
    search.search(2, None, ignore)
    decided = search.final()
    assert decided.chosen is None
    assert "wanted at most 1" in decided.failure

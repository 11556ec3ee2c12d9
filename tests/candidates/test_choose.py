"""Gates first, then never worse than float32, then the user's goal."""

from typing import Any

import pytest
from msgspec.structs import replace

from edgekit.candidates.choose import OBJECTIVES, decide, leading, reject, shortfall
from edgekit.candidates.ranking import best
from edgekit.candidates.results import Result, TargetReport
from edgekit.measure.latency import Latency
from edgekit.plan.gate import Gate
from edgekit.plan.request import Budget

GATES = [Gate(metric="psnr", sign=">=", bound=30)]


def result(
    name: str, size: int = 100, ratio: float = 1.0, sqnr: float = 40.0, **more: Any
) -> Result:
    latency = Latency(
        seconds=ratio, ratio=ratio, ratio_low=ratio * 0.95, ratio_high=ratio * 1.05, noise=0.01,
        runs=9,
    )  # fmt: skip
    fields = {"scores": {"sqnr": sqnr, "psnr": sqnr}, "latency": latency} | more
    return Result(name=name, recipe=name, size=size, **fields)


FLOAT = result("float32", sqnr=120.0)


def reasons(*candidates: Result, strict: bool = True) -> dict[str, str]:
    return reject([FLOAT, *candidates], GATES, strict=strict)


def test_what_is_good_is_not_rejected() -> None:
    assert reasons(result("int8", size=25, ratio=0.3)) == {}


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (result("x", sqnr=29.87), "gate missed: psnr 29.87, wanted >=30"),
        (result("x", sqnr=20.0, failure="the process crashed"), "the process crashed"),
        (result("x", offered=False), "baseline only"),
        (result("x", doubt="depends on the input range"), "depends on the input range"),
        (result("x", ratio=1.07), "slower than float32 (1.07 ×, 1.02…1.12)"),
        (result("x", size=103), "larger than float32 (1.03 ×)"),
        (result("x", scores={"psnr": float("nan")}), "gate missed: psnr nan, wanted >=30"),
    ],
)
def test_why_a_candidate_is_out(candidate: Result, reason: str) -> None:
    assert reasons(candidate) == {"x": reason}


@pytest.mark.parametrize("keep_going", [False, True])
def test_what_is_in_doubt_is_never_chosen(keep_going: bool) -> None:
    small = result("int8", size=10, ratio=0.1, doubt="depends on the input range")
    report = TargetReport(name="t", description="", engines=("litert",), results=(FLOAT, small))
    assert decide(report, GATES, "size", keep_going=keep_going).chosen == "float32"
    alone = replace(report, results=(replace(FLOAT, offered=False), small))
    decided = decide(alone, GATES, "size", keep_going=keep_going)
    assert decided.chosen is None
    assert "nearest: int8, depends on the input range" in decided.failure


def test_a_repeated_artifact_is_out_unless_the_first_is_the_baseline_alone() -> None:
    twin = result("x", sqnr=120.0, same_as="float32")
    assert reasons(twin) == {"x": "the same artifact as float32"}
    unasked = result("float32", sqnr=120.0, offered=False)
    assert reject([unasked, twin], GATES, strict=False) == {"float32": "baseline only"}


def test_the_baseline_by_another_name_is_not_slower_than_itself() -> None:
    unasked = result("float32", sqnr=120.0, offered=False)
    twin = result("x", ratio=1.2, sqnr=120.0, same_as="float32")
    assert reject([unasked, twin], GATES, strict=True) == {"float32": "baseline only"}
    hard = [Gate(metric="psnr", sign=">=", bound=200)]
    board = TargetReport(name="board", description="", engines=("litert",), results=(unasked, twin))
    told = decide(board, hard, "balanced", keep_going=True)
    assert told.chosen == "x"
    assert "nearest: x" in told.failure


def test_what_was_asked_for_alone_may_be_slower_or_larger() -> None:
    assert reasons(result("x", ratio=1.5, size=200), strict=False) == {}
    assert reasons(result("x", sqnr=20.0), strict=False).keys() == {"x"}, "but not bad"


def test_within_the_noise_is_not_slower() -> None:
    assert reasons(result("x", ratio=1.015)) == {}


def test_the_baseline_is_never_slower_than_itself() -> None:
    noisy = result("float32", ratio=1.3)
    assert reject([noisy], GATES, strict=True) == {}


SMALL = result("small", size=20, ratio=0.9, sqnr=35.0)
QUICK = result("quick", size=60, ratio=0.2, sqnr=36.0)


@pytest.mark.parametrize(
    ("objective", "name"), [("size", "small"), ("latency", "quick"), ("quality", "float32")]
)
def test_the_objective_chooses(objective: str, name: str) -> None:
    assert best([FLOAT, SMALL, QUICK], FLOAT, objective).name == name


def test_balanced_counts_size_and_latency() -> None:
    """A quarter of the size at equal speed and quality goes before a tenth less of the time."""
    quarter, tenth = result("quarter", size=25), result("tenth", ratio=0.9)
    assert best([tenth, quarter], FLOAT, "balanced").name == "quarter"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_equal_ones_are_told_apart_by_quality(objective: str) -> None:
    worse, better = result("worse", size=25, sqnr=36.0), result("better", size=25, sqnr=44.0)
    for order in ([worse, better], [better, worse]):
        assert best(order, FLOAT, objective).name == "better"


@pytest.mark.parametrize("objective", ["size", "latency"])
def test_two_per_cent_are_not_worth_quality(objective: str) -> None:
    worse = result("worse", size=25, ratio=0.4, sqnr=35.0)
    better = result("better", size=26, ratio=0.408, sqnr=36.0)
    assert best([worse, better], FLOAT, objective).name == "better"
    much_smaller = result("smaller", size=20, ratio=0.3, sqnr=35.0)
    assert best([much_smaller, better], FLOAT, objective).name == "smaller"


def test_without_latency_size_decides() -> None:
    candidates = [result("a", size=50, latency=None), result("b", size=20, latency=None)]
    for objective in ("balanced", "size"):
        assert best(candidates, FLOAT, objective).name == "b"


def test_pareto_front() -> None:
    """Against every pair: on the front is who no one beats."""
    grid = [
        result(f"{size}/{sqnr}", size=size, sqnr=sqnr)
        for size in (10, 20, 30)
        for sqnr in (30.0, 40.0)
        if (size, sqnr) != (10, 40.0)
    ]
    assert leading(grid, "size") == ["10/30.0", "20/40.0"]


def test_pareto_by_latency_leaves_out_failures() -> None:
    failed = result("failed", ratio=0.01, sqnr=99.0, failure="crashed")
    assert leading([FLOAT, QUICK, SMALL, failed], "latency") == ["float32", "quick"]
    assert leading([FLOAT, QUICK, SMALL, failed], "size") == ["float32", "quick", "small"]


def test_a_twin_is_not_on_the_front_and_beats_nobody() -> None:
    twin = result("twin", size=20, ratio=0.89, sqnr=35.0, same_as="small")
    assert leading([FLOAT, SMALL, twin], "latency") == ["float32", "small"]


def test_of_equally_faithful_ones_the_faster_is_taken_beyond_noise() -> None:
    slow = result("slow", size=25, ratio=0.23, sqnr=40.1)
    fast = result("fast", size=25, ratio=0.20, sqnr=40.0)
    assert best([slow, fast], FLOAT, "balanced").name == "fast"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Budget(max_size=50), "100 B, wanted at most 50 B"),
        (Budget(max_latency=(0.5, "x")), "latency 0.9 x, wanted at most 0.5 x"),
        (Budget(max_latency=(0.5, "s")), "latency 900 ms, wanted at most 500 ms"),
        (
            Budget(max_size=50, max_latency=(0.5, "x")),
            "100 B, wanted at most 50 B; latency 0.9 x, wanted at most 0.5 x",
        ),
        (Budget(max_size=100, max_latency=(0.9, "x")), ""),
    ],
)
def test_limits_of_the_user(limits: Budget, reason: str) -> None:
    out = reject([FLOAT, result("slow", ratio=0.9)], [], strict=True, limits=limits)
    assert out.get("slow", "") == reason


BAD = [
    result("float32", size=4_000_000, sqnr=120.0),
    result("int8", size=1_130_000, ratio=0.4, sqnr=31.0),
    result("int4", size=780_000, ratio=0.5, sqnr=25.6),
    result("int4-twin", size=700_000, sqnr=29.0, same_as="int4"),
]


def judged(limits: Budget, psnr: float = 30, **more: bool) -> TargetReport:
    report = TargetReport(name="board", description="", engines=("litert",), results=tuple(BAD))
    gates = [Gate(metric="psnr", sign=">=", bound=psnr)]
    return decide(report, gates, "size", limits=limits, **more)


@pytest.mark.parametrize(
    ("limits", "psnr", "near", "told"),
    [
        (
            Budget(max_size=800_000),
            30,
            "int4",
            "nearest: int4, gate missed: psnr 25.6, wanted >=30; the smallest that meets every "
            "gate has 1.13 MB (--max-size); the best within the limits reaches psnr 25.6 (--gate)",
        ),
        (
            Budget(max_latency=(0.39, "x")),
            30,
            "int8",
            "nearest: int8, latency 0.4 x, wanted at most 0.39 x; "
            "the fastest that meets every gate takes 0.4 x (--max-latency)",
        ),
        (
            Budget(),
            125,
            "float32",
            "nearest: float32, gate missed: psnr 120, wanted >=125; "
            "the best reaches psnr 120 (--gate)",
        ),
    ],
)
def test_the_nearest_misses_least_and_the_hint_is_what_can_be_had(
    limits: Budget, psnr: float, near: str, told: str
) -> None:
    report = judged(limits, psnr)
    assert report.failure == f"board: no candidate is good enough ({told})"
    assert (report.chosen, report.nearest, report.shown) == (None, near, near)


def test_what_is_kept_all_the_same_is_said() -> None:
    report = judged(Budget(max_size=800_000), keep_going=True)
    assert report.chosen == report.shown == "int4"
    assert report.failure.endswith("; kept all the same (--keep-going): int4")


@pytest.mark.parametrize(
    ("candidates", "why"),
    [
        ([result("float16", 50), result("int8", 25, sqnr=12.0)], "gate missed: psnr 12"),
        ([result("float16", 50), result("int8", 25, ratio=1.3)], "slower than float32"),
        ([result("int8", 25, sqnr=12.0), result("int4", 20, failure="crashed")], "int8, gate"),
        ([result("float16", 50), result("int8", 25)], ""),
        ([result("float16", 50), result("int8", 25), result("int4", 20, sqnr=9.0)], ""),
        ([result("float16", 50), result("int8", 25, failure="crashed")], ""),
        ([result("float16", 50)], ""),
        ([result("float16", 50, sqnr=12.0), result("int8", 50, sqnr=12, same_as="float16")], ""),
    ],
)
def test_mixed_precision_is_worth_a_search_where_all_below_float16_fall_short(
    candidates: list[Result], why: str
) -> None:
    board = TargetReport(
        name="board", description="", engines=("litert",), results=(FLOAT, *candidates)
    )
    told = shortfall(decide(board, GATES, "balanced"), GATES)
    assert (why in told) if why else not told


def test_a_size_that_none_meets_is_worth_a_search_and_a_gate_that_float32_misses_is_not() -> None:
    candidates = (FLOAT, result("float16", 50), result("int8", 25))
    board = TargetReport(name="board", description="", engines=("litert",), results=candidates)
    small = decide(board, GATES, "balanced", limits=Budget(max_size=20))
    assert "25 B, wanted at most 20 B" in shortfall(small, GATES)
    hard = [Gate(metric="psnr", sign=">=", bound=200)]
    assert shortfall(decide(board, hard, "balanced"), hard) == ""

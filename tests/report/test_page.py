"""What a report says of its own figures."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from edgekit.candidates.results import Report, Result, TargetReport
from edgekit.cli.convert import show_report
from edgekit.device import Device
from edgekit.measure.latency import Latency
from edgekit.report.page import enlarged, worst_pairs
from edgekit.report.plots import spread
from edgekit.report.tables import noise, proxy, ratio, threads

PROXY = "latency is a proxy: measured on x86_64, the target is aarch64; run `edgekit bench`"


def report(*architecture: str) -> Report:
    """A conversion on a PC for one target."""
    target = TargetReport(
        name="board", description="Board", engines=("litert",), architecture=architecture
    )
    return Report(
        model="m.keras", family="latent", parameters=1, objective="size", samples=2, seed=0,
        created="", machine={"architecture": "x86_64"}, targets=(target,),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("architecture", "told"),
    [(["aarch64"], PROXY), (["x86_64"], ""), (["aarch64", "x86_64"], ""), ([], "")],
)
def test_latencies_of_another_processor_are_a_proxy(
    architecture: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = report(*architecture)
    assert proxy(made, made.targets[0]).startswith(told)
    show_report(made, Path("out"), as_json=False)
    assert ("latency is a proxy" in capsys.readouterr().out) is bool(told)


@pytest.mark.parametrize(
    ("here", "wanted", "told"),
    [
        (2, 4, "2 of the target's 4 threads: this machine has 2 cores"),
        (1, 4, "1 of the target's 4 threads"),
        (1, 1, "1 thread"),
        (4, 2, "4 threads"),
        (2, 0, "2 threads"),
    ],
)
def test_threads_that_are_not_the_targets(here: int, wanted: int, told: str) -> None:
    made = replace(report(), machine={"cores": 2})
    target = replace(made.targets[0], device=Device(threads=here), target_threads=wanted)
    assert threads(made, target) == told


def test_names_of_rewrites_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    made = report()
    (target,) = made.targets
    for left_out in ("", "depth-to-space"):
        told = bool(left_out)
        named = replace(target, results=(Result(name="x", recipe="int8", left_out=left_out),))
        show_report(replace(made, targets=(named,)), Path("out"), as_json=False)
        assert ("all of them did but that one" in capsys.readouterr().out) is told


def test_a_terminal_has_what_decides_and_wide_has_all(capsys: pytest.CaptureFixture[str]) -> None:
    made = report()
    result = Result(name="int8", recipe="int8", engine="litert", size=10, memory=2_000_000,
                    scores={"psnr": 40.0, "ssim": 0.5}, verdict="chosen")  # fmt: skip
    target = replace(made.targets[0], results=(result,), chosen="int8", bundle="out/board",
                     install="pip install 'edgekit[{engine}]'")  # fmt: skip
    made = replace(made, targets=(target,))
    show_report(made, Path("out"), as_json=False)
    shown = capsys.readouterr().out
    assert "PSNR" in shown
    assert "memory" not in shown
    assert "on the device: pip install 'edgekit[litert]'" in shown
    show_report(made, Path("out"), as_json=False, wide=True)
    assert "2.00 MB" in capsys.readouterr().out


def test_what_is_not_exactly_known_is_shown_with_its_interval() -> None:
    sure = Latency(seconds=1.0, ratio=0.5, ratio_low=0.49, ratio_high=0.51, noise=0.0, runs=9)
    rough = Latency(seconds=1.0, ratio=1.24, ratio_low=0.73, ratio_high=2.11, noise=0.0, runs=9)
    assert (ratio(sure), ratio(rough)) == ("0.50", "1.24 (0.73…2.11)")
    results = [Result(name=n, recipe="r", latency=x) for n, x in (("a", sure), ("b", rough))]
    target = replace(report().targets[0], results=tuple(results))
    assert noise(target).endswith("ratios are known to ±53% at worst (95 %)")


def test_a_doubt_stands_at_the_top(capsys: pytest.CaptureFixture[str]) -> None:
    show_report(replace(report(), doubts=("which range?",)), Path("out"), as_json=False)
    assert capsys.readouterr().out.startswith("DOUBT: which range?")


@pytest.mark.parametrize(("decibels", "factor"), [(20, 1), (35, 10), (55, 100), (120, 100)])
def test_errors_are_enlarged_until_they_are_seen(decibels: float, factor: int) -> None:
    noise = 10 ** (-decibels / 20) * np.random.default_rng(0).normal(size=(4, 8, 8, 1))
    assert enlarged(2 * np.abs(noise), 2.0) == factor


def test_worst_pairs_of_integers_do_not_wrap_round() -> None:
    """One step too dark is a small error, not one of 255."""
    original = np.full((2, 8, 8, 1), 100, np.uint8)
    candidate = original - np.array([1, 20], np.uint8).reshape(2, 1, 1, 1)
    worst = worst_pairs(original, candidate, (0.0, 255.0), 255.0)
    assert worst is not None
    assert worst["rows"] == "#1 (22.1 dB), #0 (48.1 dB)"  # 20 log10(255 / 20), 20 log10(255)


def test_labels_of_points_that_are_close_do_not_lie_over_each_other() -> None:
    points = [(1.0, 40.0), (1.01, 40.1), (1.01, 60.0)]
    first, second, alone = spread(points, points)
    assert abs(first[0] - second[0]) > 12 or abs(first[1] - second[1]) > 8
    assert alone == (9, 4)

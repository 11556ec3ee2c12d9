"""How the benchmark beside other tools counts: who is compared, and which way ratios go."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.peers import page
from tests.benchmarks.peers.compare import BASELINE, Duel, Row, duels
from tests.benchmarks.peers.tools import EDGEKIT


def row(tool: str, size: int, psnr: float, ratio: float, failure: str = "") -> Row:
    """An artifact that takes `ratio` times as long as edgekit's on one thread."""
    against = {1: (ratio, ratio - 0.1, ratio + 0.1)}
    packed = int(0.8 * size)
    return Row(tool=tool, size=size, packed=packed, psnr=psnr, against=against, failure=failure)


def duel(*others: Row, psnr: float = 45.0) -> Duel:
    rows = [row("TF float32", 400, 120.0, 4.0), *others, row("edgekit", 90, psnr, 1.0)]
    return Duel(net="net", engine="litert", chosen="int8", threads=[1], rows=rows)


def test_only_the_equally_faithful_are_compared_with_at_their_best() -> None:
    (line,) = page.lines(
        [
            duel(
                row("TF int8", 80, 39.0, 0.5),  # 6 dB worse
                row("TF float16", 200, 80.0, 3.0),
                row("litert-quantizer dynamic int8", 100, 44.2, 2.0),  # within 1 dB
                row("litert-quantizer static int8", 50, 60.0, 0.1, failure="crashed"),
                row("TF Optimize.DEFAULT, free batch", 70, 46.0, 0.2),  # not static shapes
            )
        ]
    )
    assert line.fastest == line.smallest == "litert-quantizer dynamic int8"
    assert line.over_fastest == pytest.approx((1 / 2, 1 / 2.1, 1 / 1.9))
    assert line.over_float[0] == pytest.approx(1 / 4)
    assert line.size_over == pytest.approx(0.72), "packed, beside files that are not"
    assert line.packed_over == pytest.approx(0.9)


def test_where_nothing_is_as_faithful_there_is_no_line() -> None:
    assert list(page.lines([duel(psnr=200.0)])) == []


def test_means_are_geometric() -> None:
    assert page.mean([0.5, 2.0]) == pytest.approx(1.0)


def test_details_give_times_beside_float_and_reasons_of_failures() -> None:
    other, failed = row("TF int8", 80_000, 39.0, 2.0), Row("TF float16", failure="refused")
    lines = page.details(duel(other, failed)).splitlines()
    assert "| TF int8 | 80 | 64 | 39.0 | 0.50 |" in lines
    assert any(line.startswith("| TF float16 | refused |") for line in lines)


@pytest.mark.slow
def test_every_tool_is_built_run_and_timed_beside_edgekits_choice(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    latent = keras.Input((8,), name="z")
    image = keras.layers.Reshape((4, 4, 8))(keras.layers.Dense(128, activation="relu")(latent))
    image = keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same")(image)
    keras.Model(latent, image).save(tmp_path / "net.keras")
    found = duels(tmp_path / "net.keras", {"gates": "psnr>=5"}, tmp_path, [1], free=False)
    assert [each.engine for each in found] == ["litert", "openvino"]
    for each in found:
        made = {row.tool: row for row in each.rows if not row.failure}
        assert {BASELINE[each.engine], EDGEKIT} < made.keys()
        assert all(row.against for row in made.values())

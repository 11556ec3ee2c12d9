"""Conversions from a net to a bundle, with an engine of NumPy: what is chosen, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.candidates.results import Report, Result, TargetReport
from edgekit.errors import GateError, InputError, PassError, PlanError
from edgekit.jobs.validate import validate
from tests.cli.shell import steps, unforeseen
from tests.reference import TARGET
from tests.reference.net import filter_net, generator

W8 = 'description = "8 bits"\nreference = [{ pass = "quantize" }]\n'
W4 = 'description = "4 bits"\nreference = [{ pass = "quantize", bits = 4 }]\n'
W2 = 'description = "2 bits"\nreference = [{ pass = "quantize", bits = 2 }]\n'
STATIC = 'description = "static"\nreference = [{ pass = "quantize", static = true }]\n'
SLOW = 'description = "slow"\nreference = [{ pass = "slow", delay = 0.02 }]\n'
REFUSED = 'description = "refused"\nreference = [{ pass = "fail" }]\n'
CRASHING = 'description = "crashes"\nreference = [{ pass = "fail", how = "crash" }]\n'
MIXED = 'description = "mixed"\n[mixed]\nreference = ["w8", "w4"]\npoints = 2\n'
FAST: dict[str, Any] = {"samples": 16, "calibration": 8, "seconds": 0.02}
LOOSE = ("psnr>=1", "cosine>=-1", "ssim>=-1", "frechet<=1e9")


class Home:
    """A folder in which nets are converted, by recipes given as texts, into `out`."""

    def __init__(self, folder: Path, cache: Path, net: Path) -> None:
        self.folder, self._cache, self._net = folder, cache, net
        self.bundle = folder / "out" / "reference"

    def recipe(self, text: str) -> str:
        """A file that is named by its description."""
        path = self.folder / (text.split('"')[1].replace(" ", "-") + ".toml")
        path.write_text(text)
        return str(path)

    def convert(self, *recipes: str, net: Path | None = None, **options: Any) -> TargetReport:
        """Convert the generator, or another net; float32 may be chosen, too."""
        asked: dict[str, Any] = {
            "targets": str(TARGET), "recipe": ["float32", *map(self.recipe, recipes)],
            "output": self.folder / "out", "cache": self._cache, "objective": "size",
            "force": True,
        }  # fmt: skip
        report: Report = edgekit.convert(net or self._net, **(asked | FAST | options))
        return report.targets[0]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished steps of all conversions here."""
    return tmp_path_factory.mktemp("steps")


@pytest.fixture
def home(tmp_path: Path, cache: Path, latent: Path) -> Home:
    return Home(tmp_path, cache, latent)


@pytest.fixture(scope="module")
def converted(
    reference_engine: None, tmp_path_factory: pytest.TempPathFactory, cache: Path, latent: Path
) -> tuple[Home, TargetReport]:
    """A conversion by recipes that are good, too coarse, and cannot be followed."""
    made = Home(tmp_path_factory.mktemp("home"), cache, latent)
    return made, made.convert(W8, W4, STATIC, REFUSED, CRASHING, gates=["psnr>=30"])


def found(report: TargetReport, name: str) -> Result:
    result = report.result(name)
    assert result is not None, [each.name for each in report.results]
    return result


@pytest.mark.long
def test_the_smallest_that_is_good_enough_is_chosen(
    converted: tuple[Home, TargetReport],
) -> None:
    _, report = converted
    assert report.chosen == "8-bits+rewrites", "two layers in one, in 8 bits"
    assert found(report, "4-bits").verdict.startswith("gate missed: psnr")
    float32, int8 = found(report, "float32"), found(report, report.chosen)
    assert float32.scores["psnr"] >= 120  # the same sums in the same order
    assert 0.1 < int8.size / float32.size < 0.5
    assert int8.coverage and int8.coverage.multiply_adds == 1.0
    assert found(report, "static").same_as == "8-bits", "calibrated, to the same weights"


def test_a_bundle_computes_what_the_net_does(converted: tuple[Home, TargetReport]) -> None:
    home, _ = converted
    z = np.random.default_rng(1).standard_normal((5, 8)).astype(np.float32)
    made = edgekit.load(home.bundle).generate(5, z=z)  # type: ignore[attr-defined]
    # Each weight is off by at most half of 1/127 of the largest: 1 % of sums of about 1.
    assert np.abs(made - generator()([z])).max() < 0.05


def test_what_cannot_be_made_is_told_and_the_rest_goes_on(
    converted: tuple[Home, TargetReport],
) -> None:
    _, report = converted
    assert found(report, "refused").failure == "fail: this net is not to its taste"
    assert found(report, "crashes").failure == "fail: the process crashed (SIGSEGV)"


def test_the_report_is_what_was_returned(converted: tuple[Home, TargetReport]) -> None:
    home, report = converted
    told = json.loads((home.folder / "out" / "report.json").read_text())["targets"][0]
    assert told["chosen"] == report.chosen
    assert [r["name"] for r in told["results"]] == [r.name for r in report.results]
    page = (home.folder / "out" / "report.html").read_text()
    assert all(result.name in page for result in report.results)


@pytest.mark.long
def test_what_a_bundle_tells_can_be_made_again(
    converted: tuple[Home, TargetReport], tmp_path: Path, cache: Path, latent: Path
) -> None:
    """Its recipe, converted again, gives the same artifact."""
    first, _ = converted
    second = Home(tmp_path, cache, latent)
    report = second.convert(recipe=str(first.bundle / "recipe.toml"))
    assert report.chosen == "recipe"
    artifacts = [home.bundle / "generate.refnet" for home in (first, second)]
    assert artifacts[0].read_bytes() == artifacts[1].read_bytes()


def test_keys_hold_all_that_steps_import(converted: object, cache: Path) -> None:
    """Packing imports no engine, but where this one is found a process loads the contract."""
    assert steps(cache)
    assert [told for told in unforeseen(cache) if '"title": "pack"' not in told] == []


@pytest.mark.long
def test_nothing_that_can_be_made_is_an_error(home: Home) -> None:
    with pytest.raises(PassError, match="not to its taste"):
        home.convert(recipe=home.recipe(REFUSED))
    assert not home.bundle.exists()


@pytest.mark.long
def test_what_is_slower_than_float32_is_not_chosen_among_candidates(home: Home) -> None:
    """Named by itself it would be given as asked."""
    own = f'description = "mine"\ncandidates = ["float32", "{home.recipe(SLOW)}"]\n'
    report = home.convert(own, objective="balanced", gates=LOOSE)
    assert found(report, "slow").verdict.startswith("slower than float32")
    assert report.chosen and report.chosen.startswith("float32")


@pytest.mark.long
def test_limits_of_the_user_hold(home: Home) -> None:
    with pytest.raises(GateError, match=r"that meets every gate has .* \(max_size\)"):
        home.convert(W8, max_size=100)


@pytest.mark.long
def test_a_missed_gate_leaves_no_bundle_unless_told_to_keep_going(home: Home) -> None:
    with pytest.raises(GateError, match=r"psnr 1.*, wanted >=500; the best reaches psnr 1"):
        home.convert(W8, gates=["psnr>=500"])
    assert not home.bundle.exists()
    assert (home.folder / "out" / "report.html").is_file()
    with pytest.raises(GateError, match=r"kept all the same \(keep_going=True\)"):
        home.convert(W8, gates=["psnr>=500"], keep_going=True)
    outcome = validate(home.bundle)
    assert outcome.missed == ("psnr>=500",)


@pytest.mark.long
def test_mixed_precision_gives_layers_what_they_are_worth(home: Home) -> None:
    """Smaller than float, and as faithful as their bits let them be. Which, timings decide."""
    report = home.convert(W4, MIXED.replace("points = 2", "points = 12"), gates=LOOSE)
    points = [each for each in report.results if each.recipe.endswith("mixed.toml")]
    assert points and not any(each.failure for each in points)
    base, four = report.results[0], found(report, "4-bits+rewrites")
    small = [p for p in points if four.size <= p.size < base.size and not p.same_as]
    assert small, points
    for point in small:
        assert "w4" in point.note or "w8" in point.note
        assert four.scores["sqnr"] <= point.scores["sqnr"] < base.scores["sqnr"]


@pytest.mark.long
def test_where_no_recipe_is_good_the_search_that_a_recipe_names_goes_on(
    home: Home,
) -> None:
    own = (
        f'description = "mine"\ncandidates = ["float32", "{home.recipe(W2)}"]\n'
        f'otherwise = "{home.recipe(MIXED)}"\n'
    )
    report = home.convert(own, gates=["psnr>=30"])
    assert "below float16 is good enough" in report.searched
    assert any(each.recipe.endswith("mixed.toml") for each in report.results)
    assert found(report, str(report.chosen)).size < found(report, "float32").size


@pytest.mark.long
def test_an_image_net_is_tiled_and_keeps_its_range(home: Home) -> None:
    filter_net().save(home.folder / "image.net")
    report = home.convert(W8, net=home.folder / "image.net", gates=LOOSE)
    net = edgekit.load(home.bundle)
    assert report.chosen
    photo = np.random.default_rng(0).random((1, 40, 56, 3)).astype(np.float32)
    made = net.transform(photo)  # type: ignore[attr-defined]
    whole = filter_net((40, 56, 3))([photo])
    assert made.shape == photo.shape
    assert np.abs(made - whole).max() < 0.02, "8-bit weights; no seam"


def test_what_does_not_fit_is_refused_before_the_work(home: Home) -> None:
    with pytest.raises(PlanError, match=r"has no passes for reference"):
        home.convert('description = "other"\nlitert = [{ pass = "quantize" }]\n')
    with pytest.raises(InputError, match="unknown pass of reference 'quantise'; did you mean"):
        home.convert('description = "typo"\nreference = [{ pass = "quantise" }]\n')
    with pytest.raises(PlanError, match="unknown precision 'w5' of reference"):
        home.convert(MIXED.replace("w4", "w5"))
    assert not (home.folder / "out").exists()


def test_a_damaged_net_is_one_line(home: Home) -> None:
    generator().save(home.folder / "cut.net")
    content = (home.folder / "cut.net").read_bytes()
    (home.folder / "cut.net").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"cut.net' is damaged"):
        home.convert(W8, net=home.folder / "cut.net")

"""An engine is one folder: nothing else of edgekit knows the reference engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import edgekit
from edgekit import plugin
from edgekit.cli.doctor import command as doctor
from edgekit.passes import pass_names
from tests import test_plugin
from tests.reference import TARGET

HOME = Path(edgekit.__file__).parent


def test_it_keeps_the_contract(tmp_path: Path) -> None:
    test_plugin.test_an_engine("reference")
    test_plugin.test_a_source("net", tmp_path)
    for name in pass_names("reference"):
        test_plugin.test_a_pass("reference", name)


def test_nothing_else_knows_it() -> None:
    named = [
        path
        for suffix in ("py", "toml", "html")
        for path in HOME.rglob(f"*.{suffix}")
        if ".refnet" in path.read_text(encoding="utf-8")
        or "engines.reference" in path.read_text(encoding="utf-8")
    ]
    assert named == []


def told_by_the_doctor() -> tuple[list[str], dict[str, dict[str, str]]]:
    """The engines that run, and what is told of each package."""
    told: dict[str, Any] = json.loads(CliRunner().invoke(doctor, ["--json"]).output)
    return told["runs"], {row["part"]: row for row in told["parts"]}


def test_the_doctor_tells_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    runs, parts = told_by_the_doctor()
    assert "reference" in runs
    assert parts["numpy"]["for"] == "everything; engine reference"
    monkeypatch.setattr(plugin.part("reference", "runtime"), "MODULES", ("not_there", "nor_this"))
    monkeypatch.setattr(plugin.load("sources", "net"), "NEEDS", ("not_there", "for_nets"))
    runs, parts = told_by_the_doctor()
    assert "reference" not in runs
    assert parts["not-there"] == {
        "part": "not-there", "version": "missing", "for": "engine reference",
        "remedy": "pip install not-there",
    }  # fmt: skip
    assert parts["nor-this"]["for"] == "engine reference, without not-there"
    assert parts["for-nets"]["for"] == "convert: load"


@pytest.mark.slow
def test_a_search_chooses_among_its_options(latent: Path, tmp_path: Path) -> None:
    found = edgekit.tune(
        latent, target=str(TARGET), output=tmp_path / "search", cache=tmp_path / "cache",
        trials=4, samples=16, gates=["psnr>=20", "cosine>=-1", "ssim>=-1", "frechet<=1e9"],
    )  # fmt: skip
    assert found.report.targets[0].chosen
    assert (tmp_path / "search" / "recipe.toml").read_text().count("[[reference]]") >= 1

"""An engine is one folder: nothing else of edgekit knows the reference engine."""

from __future__ import annotations

from pathlib import Path

import pytest

import edgekit
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


@pytest.mark.slow
def test_a_search_chooses_among_its_options(latent: Path, tmp_path: Path) -> None:
    found = edgekit.tune(
        latent, target=str(TARGET), output=tmp_path / "search", cache=tmp_path / "cache",
        trials=4, samples=16, gates=["psnr>=20", "cosine>=-1", "ssim>=-1", "frechet<=1e9"],
    )  # fmt: skip
    assert found.report.targets[0].chosen
    assert (tmp_path / "search" / "recipe.toml").read_text().count("[[reference]]") >= 1

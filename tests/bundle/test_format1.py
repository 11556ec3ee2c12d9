"""Bundles that edgekit wrote in format 1 are read, run and validated: two of them are kept here."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgekit import runtime
from edgekit.bundle.format1 import upgraded
from edgekit.bundle.reading import foreign, read_manifest
from edgekit.data import npz
from edgekit.errors import BundleError
from edgekit.jobs.inspect import bundle_facts
from edgekit.jobs.validate import validate

HOME = Path(__file__).parent / "format1"
BUNDLES = sorted(folder.name for folder in HOME.iterdir())


@pytest.mark.parametrize("name", BUNDLES)
def test_it_makes_what_it_made(name: str) -> None:
    kept = npz.read(HOME / name / "golden.npz")
    net = runtime.load(HOME / name, threads=1)
    made = net.trial({key.removeprefix("draws/"): rows for key, rows in kept.items()
                      if key.startswith("draws/")})  # fmt: skip
    for key, rows in made.items():
        np.testing.assert_allclose(rows, kept[f"artifact/{key}"], atol=1e-6)  # float sums


@pytest.mark.parametrize("name", BUNDLES)
def test_it_is_shown_validated_and_replaceable(name: str) -> None:
    assert bundle_facts(HOME / name).summary["engine"] in ("litert", "openvino")
    outcome = validate(HOME / name, threads=1, seconds=0.01)
    assert (outcome.gates, outcome.missed) == ({"psnr": ">=30"}, ())
    assert foreign(HOME / name) == ""


def test_nothing_of_it_is_lost() -> None:
    told = {"format": 1, "name": "n", "engine": "litert", "target": "t", "recipe": "r",
            "threads": 4, "created": "now",
            "model": {"kind": "litert", "family": "latent", "signatures": {"generate": {}},
                      "files": {"generate": "g.tflite"}, "settings": {"classes": 3},
                      "remarks": ["x"], "noise": "mean"},
            "files": {"g.tflite": {}, "golden.npz": {}}}  # fmt: skip
    assert upgraded(told) == {
        "format": 2, "name": "n", "target": "t", "recipe": "r", "created": "now",
        "family": "latent", "signatures": {"generate": {}}, "settings": {"classes": 3},
        "remarks": ["x"], "noise": "mean",
        "artifacts": [{"engine": "litert", "format": "tflite", "device": {"threads": 4},
                       "signatures": {"generate": {"file": "g.tflite"}}}],
        "files": {"g.tflite": {}, "golden.npz": {}}, "assets": {"golden": "golden.npz"},
    }  # fmt: skip


@pytest.mark.parametrize("model", [None, [], {}, {"files": 3}, {"kind": {}, "files": {"a": {}}}])
def test_a_damaged_one_is_refused(model: object, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(HOME / BUNDLES[0], tmp_path / "bundle"))
    told = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(told | {"model": model}))
    with pytest.raises(BundleError, match=r"manifest\.json' is damaged"):
        read_manifest(folder)

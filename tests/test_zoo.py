"""Every kind of net goes all the way through both engines, and comes out as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.candidates.results import Report
from tests.cli.shell import unforeseen
from tests.zoo import FAMILIES, SOURCES

pytestmark = pytest.mark.slow
NO_PICTURES = ("wave-gan", "recurrent-decoder")
GATES = ("psnr>=15", "cosine>=0")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zoo")


@pytest.mark.parametrize("name", FAMILIES)
def test_converts_for_both_engines(name: str, home: Path) -> None:
    report: Report = edgekit.convert(
        SOURCES[name](home),
        targets=["linux-litert", "linux-openvino"],
        output=home / "out" / name,
        cache=home / "cache",
        samples=8,
        calibration=8,
        seconds=0.1,
        sizes=((32, 32),) if name in ("cycle-gan", "photo-enhancer-255") else (),
        # Untrained nets are all noise: what is tested is that every candidate is made and runs.
        gates=GATES if name in NO_PICTURES else (*GATES, "ssim>=-1"),
    )
    assert report.family == FAMILIES[name]
    for target in report.targets:
        failed = {r.recipe: r.failure for r in target.results if r.failure}
        assert not failed.keys() - ({"int8", "int8-tf"} if name == "recurrent-decoder" else set())
        assert target.bundle is not None
        net = edgekit.load(target.bundle)
        described = net.output_tensor(net.model, net.shown(net.model))
        if report.family == "latent":
            samples = net.generate(count=3, seed=7)
            assert np.array_equal(samples, net.generate(count=3, seed=7))
        else:
            image = next(iter(net.model.signatures.values())).inputs[0]
            samples = net.transform(np.full((3, *image.shape[1:]), 0.25, np.float32))
        assert samples.shape == (3, *described.shape[1:])
        assert np.isfinite(samples).all()
        if described.range:
            assert samples.min() >= described.range[0] - 0.3
            assert samples.max() <= described.range[1] * 1.2 + 0.3
    assert unforeseen(home / "cache") == []

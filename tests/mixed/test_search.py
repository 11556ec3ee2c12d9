"""`--recipe mixed` from the net to the bundle, for a net of two parts on both engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import edgekit
from edgekit.bundle.reading import read_manifest
from edgekit.engines._formats import artifacts

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dense layers of 64 inputs in the encoder, which take blocks of 32 weights, and of 3 in the
    decoder, which do not."""
    folder = tmp_path_factory.mktemp("autoencoder")
    layers = keras.layers
    keras.utils.set_random_seed(3)
    encoder = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(96, activation="relu"),
            layers.Dense(3),
        ]
    )
    decoder = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4 * 4 * 32, activation="relu"),
            layers.Reshape((4, 4, 32)),
            layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid"),
        ]
    )
    encoder.save(folder / "encoder.keras")
    decoder.save(folder / "decoder.keras")
    parts = '[parts]\nencoder = "encoder.keras"\ndecoder = "decoder.keras"\n'
    (folder / "model.toml").write_text('family = "autoencoder"\ninput_range = [0, 1]\n' + parts)
    return folder


@pytest.mark.parametrize("target", ["linux-litert", "linux-openvino"])
def test_the_front_is_built_run_and_within_the_budget(
    autoencoder: Path, tmp_path: Path, target: str
) -> None:
    options: dict[str, Any] = {
        "targets": [target],
        "cache": tmp_path / "cache",
        "samples": 8,
        "calibration": 8,
        "seconds": 0.1,
        "gates": ("psnr>=5", "ssim>=-1", "cosine>=-1"),
    }
    report = edgekit.convert(autoencoder, recipe="mixed", output=tmp_path / "out", **options)
    (found,) = report.targets
    front = [result for result in found.results if result.recipe == "mixed"]
    assert len(front) >= 3
    assert not [result.failure for result in front if result.failure]
    sizes = [result.size for result in front]
    assert sizes == sorted(sizes)
    assert found.baseline and sizes[0] < 0.8 * found.baseline.size
    assert all(result.latency and result.note for result in front)
    assert front[0].scores["sqnr"] + 10 < front[-1].scores["sqnr"]
    budget = (sizes[0] + sizes[-1]) // 2
    again = edgekit.convert(
        autoencoder,
        recipe="mixed",
        output=tmp_path / "small",
        max_size=f"{budget}B",
        **options,
    )
    bundle = again.targets[0].bundle
    assert bundle is not None
    manifest = read_manifest(Path(bundle))
    files = artifacts(Path(bundle), manifest.model(manifest.artifacts[0]))
    assert sum(path.stat().st_size for path in files) <= budget

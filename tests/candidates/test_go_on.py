"""Where no recipe of one precision below float16 is good, `auto` searches mixed precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edgekit

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator of sequences whose output is a difference of nearly equal channels: small against
    them and against tanh's range, so that rounding both to 8 bits drowns it."""
    layers = keras.layers
    keras.utils.set_random_seed(1)
    z = keras.Input((32,))
    y = layers.Reshape((16, 64))(layers.Dense(1024, activation="relu")(z))
    for filters in (64, 32):
        y = layers.UpSampling1D(2)(y)
        y = layers.LeakyReLU()(layers.Conv1D(filters, 9, padding="same")(y))
    net = keras.Model(z, layers.Conv1D(1, 9, padding="same", activation="tanh")(y))
    pairs, last = net.layers[-3], net.layers[-1]
    kernel, offset = pairs.get_weights()
    kernel[..., 1::2] = kernel[..., ::2] * (1 + 0.03 * np.random.default_rng(0).standard_normal(
        kernel[..., ::2].shape))  # fmt: skip
    pairs.set_weights([kernel, offset])
    weights, bias = last.get_weights()
    weights[:, 1::2] = -weights[:, ::2]
    last.set_weights([weights, bias])
    path = tmp_path_factory.mktemp("sound") / "net.keras"
    net.save(path)
    return path


def test_auto_goes_on_and_says_so(sound: Path, tmp_path: Path) -> None:
    report = edgekit.convert(
        sound, targets="linux-litert", output=tmp_path / "out", cache=tmp_path / "cache",
        samples=16, calibration=16, seconds=0.1, objective="size", gates="sqnr>=30",
    )  # fmt: skip
    (found,) = report.targets
    assert "below float16 is good enough" in found.searched
    assert found.chosen and found.baseline
    mixed = [each for each in found.results if each.recipe == "mixed" and not each.failure]
    assert any(each.scores["sqnr"] >= 30 and each.size < found.baseline.size for each in mixed), (
        "whether it is chosen depends on timings, too"
    )
    assert "mixed precision was searched" in (tmp_path / "out" / "report.html").read_text().lower()

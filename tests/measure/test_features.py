"""Features for distances between distributions."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import correlate2d
from skimage.transform import downscale_local_mean

from edgekit.data.rng import Random
from edgekit.errors import InputError
from edgekit.measure.features import (
    BUILT_IN,
    load_features,
    random_convolutions,
    shrunk,
    standardized,
)
from edgekit.metrics import frechet


def images(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random(shape, np.float32)


def by_scipy(image: NDArray[np.float32]) -> list[float]:
    """The documented net on one image, one filter after another."""
    pooled = []
    for layer, width in enumerate((16, 32)):
        filters = Random(1, layer).normal((width, 5, 5, image.shape[-1]))
        filters = filters / np.sqrt(25 * image.shape[-1])
        maps = [
            sum(
                correlate2d(image[..., c], kernel[..., c], mode="valid")[::2, ::2]
                for c in range(image.shape[-1])
            )
            for kernel in filters
        ]
        image = np.maximum(np.stack(maps, axis=-1), 0)
        pooled += [*image.mean((0, 1)), *image.std((0, 1))]
    return pooled


def test_built_in_features_against_scipy() -> None:
    batch = images(2, 17, 20, 3)
    # float32 sums of up to 400 products in another order.
    np.testing.assert_allclose(
        random_convolutions(batch), [by_scipy(image) for image in batch], atol=1e-5
    )


@pytest.mark.parametrize("shape", [(16, 16, 1), (65, 200, 3), (8, 8, 1), (100,), (400, 1)])
def test_every_sample_has_96_features_of_its_own(shape: tuple[int, ...]) -> None:
    batch = images(3, *shape)
    features = random_convolutions(batch)
    assert features.shape == (3, 96)
    # Sums may be taken in another order for another batch: float32.
    np.testing.assert_allclose(random_convolutions(batch[1:2])[0], features[1], atol=1e-5)
    assert not np.allclose(features[0], features[1])


@pytest.mark.parametrize(("side", "factor"), [(64, 1), (127, 1), (128, 2), (300, 4)])
def test_large_images_are_averaged(side: int, factor: int) -> None:
    batch = images(1, side, side + 3, 1)
    height, width = side // factor * factor, (side + 3) // factor * factor
    expected = downscale_local_mean(batch[:, :height, :width], (1, factor, factor, 1))
    np.testing.assert_allclose(shrunk(batch), expected, atol=1e-6)  # float32 means


def test_standardized_features() -> None:
    reference = np.random.default_rng(0).normal(3, 5, (50, 4))
    reference[:, 2] = 1.0  # tells nothing
    other = reference + 1
    a, b = standardized(reference, other)
    assert a.shape == b.shape == (50, 3)
    np.testing.assert_allclose(a.mean(axis=0), 0, atol=1e-12)
    assert a.var(axis=0).sum() == pytest.approx(1, abs=1e-12)
    expected = (1 / reference.std(axis=0)[[0, 1, 3]]) / np.sqrt(3)
    np.testing.assert_allclose(b.mean(axis=0), expected, atol=1e-12)


def test_a_worse_candidate_is_farther() -> None:
    reference = images(64, 24, 24, 1)
    noise = images(64, 24, 24, 1, seed=1) - 0.5
    distances = []
    for strength in (0.0, 0.2, 0.8):
        features = random_convolutions(reference), random_convolutions(reference + strength * noise)
        distances.append(frechet.measure(*standardized(*features), 1.0))
    assert distances == sorted(distances)
    assert distances[0] == pytest.approx(0, abs=1e-9)


def test_built_in_by_default() -> None:
    assert load_features(None) == (random_convolutions, BUILT_IN)


def test_a_function_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_features.py").write_text("def mean(x): return x.mean((1, 2))\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_features", raising=False)
    call, name = load_features("own_features:mean")
    assert call(images(2, 8, 8, 3)).shape == (2, 3)
    assert name == "own_features:mean"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of the user's, with all that may be wrong in it."""
    (tmp_path / "bad_features.py").write_text(
        "number = 3\n"
        "def broken(x): raise RuntimeError('\\n no net\\n at all')\n"
        "def single(x): return x.mean()\n"
        "def text(x): return [['a']] * len(x)\n"
        "def nan(x): return x.reshape(len(x), -1) * float('nan')\n"
    )
    (tmp_path / "bad_module.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("bad_features", "bad_module"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return "bad_features"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", ": RuntimeError: no net$"),
        ("single", r" gives float32 \(\), not \(2, D\) numbers"),
        ("text", r" gives <U1 \(2, 1\), not"),
        ("nan", " gives NaN or infinite values"),
    ],
)
def test_functions_that_give_no_features(module: str, name: str, message: str) -> None:
    call, _ = load_features(f"{module}:{name}")
    with pytest.raises(InputError, match=f"^--features '{module}:{name}'{message}"):
        call(images(2, 8, 8, 1))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("bad_features:number", "is a int, expected a function"),
        ("bad_module:f", ": RuntimeError: no licence"),
    ],
)
def test_modules_that_give_no_function(module: str, spec: str, message: str) -> None:
    with pytest.raises(InputError, match=f"^--features '{spec}'.*{message}"):
        load_features(spec)


@pytest.mark.parametrize(
    "spec", ["none.tflite", "none.xml", "nosuchmodule:f", "numpy:nosuchname", "numpy", "", ":f"]
)
def test_features_that_are_none(spec: str, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"^--features '{spec}'"):
        load_features(spec)

"""Pictures with channels first: the same pictures, in another order of axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit import plugin
from edgekit.data.layout import channels_first, channels_last, space
from edgekit.data.load import read_image
from edgekit.data.rng import Random
from edgekit.data.textures import textures
from edgekit.measure.features import random_convolutions
from edgekit.measure.fidelity import measured
from edgekit.model import Model, Signature, Tensor

KEY = "transform/image"


def model(shape: tuple[int, ...]) -> Model:
    tensor = Tensor(name="image", shape=shape, range=(0.0, 1.0))
    signature = Signature(part="net", inputs=(tensor,), outputs=(tensor,))
    return Model(kind="original", family="image-to-image", signatures={"transform": signature},
                 files={})  # fmt: skip


@pytest.mark.parametrize("channels, mode", [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_a_photo_is_laid_out_as_the_net_takes_it(tmp_path: Path, channels: int, mode: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, channels), np.uint8)
    Image.fromarray(pixels.squeeze(), mode).save(tmp_path / "photo.png")
    last = Tensor(name="x", shape=(1, 20, 30, channels), range=(-1.0, 1.0))
    first = Tensor(name="x", shape=(1, channels, 20, 30), range=(-1.0, 1.0))
    expected = read_image(tmp_path / "photo.png", last)
    found = read_image(tmp_path / "photo.png", first)
    assert found.shape == (channels, 20, 30)
    assert np.array_equal(found, expected.transpose(2, 0, 1))


def test_textures_have_structure_along_the_picture_not_along_its_channels() -> None:
    last = textures((2, 16, 24, 3), Random(3), (0.0, 1.0))
    first = textures((2, 3, 16, 24), Random(3), (0.0, 1.0))
    assert np.array_equal(first, last.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("name", ["ssim", "psnr"])
def test_scores_do_not_depend_on_the_layout(name: str) -> None:
    """But for the order of sums."""
    metric, family = plugin.load("metrics", name), plugin.load("families", "image-to-image").Family
    random = np.random.default_rng(1)
    exact = textures((32, 24, 32, 3), Random(1), (0.0, 1.0))
    other = exact + random.normal(0, 0.05, exact.shape).astype(np.float32)
    found = [
        measured(metric, family, model(a.shape), KEY, {KEY: a}, {KEY: b}, None)
        for a, b in ((exact, other), (exact.transpose(0, 3, 1, 2), other.transpose(0, 3, 1, 2)))
    ]  # fmt: skip
    assert len(found[0]) == 1
    assert found[1] == pytest.approx(found[0], rel=1e-5)


def test_features_do_not_depend_on_the_layout() -> None:
    images = textures((4, 24, 32, 3), Random(1), (0.0, 1.0))
    first = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    assert np.array_equal(random_convolutions(first), random_convolutions(images))


def test_the_layout_is_told_from_the_sizes() -> None:
    assert channels_first((1, 3, 48, 64)) and channels_first((None, 1, None, None))
    assert not channels_first((1, 48, 64, 3)) and not channels_first((1, 8, 8, 16))
    assert not channels_first((8, 3, 64)) and not channels_first((1, 3, 48, 3))
    assert space((1, 3, 48, 64)) == space((1, 48, 64, 3)) == (48, 64)
    same = np.zeros((1, 8, 8, 16))
    assert channels_last(same) is same

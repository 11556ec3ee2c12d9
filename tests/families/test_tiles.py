"""Pictures of any size through a net of one size: in tiles, equal to the net of the whole."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgekit.errors import InputError
from edgekit.families._tiles import filled_up, tiles_along
from edgekit.families.image_to_image import Family
from edgekit.model import Model, Signature, Tensor, Tiling
from edgekit.original.tiling import with_tilings

from .fakes import NumpyRunner

Array = NDArray[Any]
Net = Callable[..., Array]
SIDE = 32


def blurred(image: Array, reach: int = 2) -> Array:
    """The mean of (2 reach + 1)² pixels, zeros outside of the picture: a convolution, 'same'."""
    wide = np.pad(image, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    size = 2 * reach + 1
    windows = np.lib.stride_tricks.sliding_window_view(wide, (size, size), axis=(1, 2))
    return np.asarray(windows.mean((-1, -2)), np.float32)


def enlarged(image: Array) -> Array:
    """Twice as large, each pixel seeing its neighbours."""
    return blurred(image.repeat(2, 1).repeat(2, 2), 3)


def reduced(image: Array) -> Array:
    """Half as large: the mean of 2×2 pixels of a blurred picture."""
    return blurred(blocks(blurred(image, 1), 2), 1)


def strided(image: Array) -> Array:
    """What a U-Net of two steps does: blocks of 4 pixels are seen as one, and given back."""
    coarse = blurred(blocks(image, 4), 1)
    return blurred(image, 1) + coarse.repeat(4, 1).repeat(4, 2)


def threefold(image: Array) -> Array:
    """The same with a stride of 3."""
    return image + blurred(blocks(image, 3), 1).repeat(3, 1).repeat(3, 2)


def blocks(image: Array, size: int) -> Array:
    count, height, width, channels = image.shape
    split = image.reshape(count, height // size, size, width // size, size, channels)
    return np.asarray(split.mean((2, 4)), np.float32)


def normalized(image: Array) -> Array:
    """Over the whole picture, as instance normalization is."""
    return image - image.mean((1, 2), keepdims=True)


def placed(image: Array) -> Array:
    """A net that knows where in the picture it is."""
    return image * np.linspace(0, 1, image.shape[2], dtype=np.float32)[:, None]


def family_of(net: Net, side: int = SIDE, batch: int = 1, **more: Any) -> tuple[Family, list[str]]:
    """An image-to-image net of one size whose tiling has been measured; and the remarks."""
    image = np.zeros((1, side, side, 3), np.float32)
    extra = more.get("inputs", ())
    shape = net(image, **{t.name: np.zeros((1, *t.shape[1:]), np.float32) for t in extra}).shape
    model = Model(
        kind="original",
        family="image-to-image",
        signatures={
            "translate": Signature(
                part="net",
                inputs=(
                    Tensor(name="image", shape=(batch, side, side, 3), range=(0.0, 1.0)),
                    *extra,
                ),
                outputs=(Tensor(name="sample", shape=(batch, *shape[1:]), range=(0.0, 1.0)),),
            )
        },
        files={},
    )
    remarks: list[str] = []
    measured = with_tilings(model, Family(model, NumpyRunner(model, {"translate": net})), remarks)
    return Family(measured, NumpyRunner(measured, {"translate": net})), remarks


def tiling_of(family: Family) -> Tiling | None:
    return family.model.signatures["translate"].tiling


@pytest.mark.parametrize(
    ("net", "margin", "align"),
    [
        (blurred, 2, 1),
        (enlarged, 2, 1),
        (strided, 4, 4),
        (reduced, 3, 2),
        (lambda image: image, 0, 1),
    ],
)
@pytest.mark.parametrize("size", [(32, 32), (64, 64), (68, 44), (100, 32)])
def test_tiles_joined_equal_the_net_of_the_whole_picture(
    net: Net, margin: int, align: int, size: tuple[int, int]
) -> None:
    family, remarks = family_of(net)
    found = tiling_of(family)
    assert found is not None and (found.margin, found.align, found.exact) == (margin, align, True)
    assert remarks == []
    pictures = np.random.default_rng(0).random((2, *size, 3), np.float32)
    # Sums of the same numbers in another order differ by rounding alone.
    np.testing.assert_allclose(family.transform(pictures), net(pictures), atol=1e-6)


def test_a_stride_of_three() -> None:
    family, _ = family_of(threefold, side=48)
    found = tiling_of(family)
    assert found is not None and (found.align, found.exact) == (3, True)
    pictures = np.random.default_rng(0).random((1, 99, 60, 3), np.float32)
    np.testing.assert_allclose(family.transform(pictures), threefold(pictures), atol=1e-6)


def test_sizes_that_tiles_do_not_fit_are_known() -> None:
    signature = family_of(strided)[0].model.signatures["translate"]
    assert filled_up(signature, (68, 44)) is None
    assert filled_up(signature, (33, 20)) == (36, 32)


@pytest.mark.parametrize("size", [(5, 5), (1, 40), (33, 47)])
def test_sizes_that_no_tile_fits_are_filled_up_by_their_mirror(size: tuple[int, int]) -> None:
    family, _ = family_of(strided)
    pictures = np.random.default_rng(1).random((1, *size, 3), np.float32)
    made = family.transform(pictures)
    assert made.shape == pictures.shape
    inside = (slice(None), slice(0, max(size[0] - 8, 0)), slice(0, max(size[1] - 8, 0)))
    whole = np.pad(pictures, ((0, 0), (0, -size[0] % 4), (0, -size[1] % 4), (0, 0)), "edge")
    np.testing.assert_allclose(made[inside], strided(whole)[inside], atol=1e-6)


@pytest.mark.parametrize("net", [normalized, placed])
def test_a_net_that_sees_the_whole_picture_says_so(net: Net) -> None:
    family, remarks = family_of(net)
    assert "takes pictures of its own size only: tiles of 32x32 disagree" in remarks[0]
    with pytest.raises(InputError, match=r"takes \(32, 32, 3\) .*depends on the whole picture"):
        family.transform(np.zeros((1, 64, 64, 3), np.float32))
    assert family.transform(np.zeros((64, 64, 3), np.float32), tiles=True).shape == (64, 64, 3)
    own = np.random.default_rng(0).random((1, 32, 32, 3), np.float32)
    assert np.array_equal(family.transform(own), net(own))


def test_a_net_that_looks_further_than_a_margin_shows_no_seam() -> None:
    """A wide net of small weight: exact it is not, but no step may be seen where tiles meet."""

    def wide(image: Array) -> Array:
        return image + 0.1 * blurred(image, 12)

    family, remarks = family_of(wide)
    found = tiling_of(family)
    assert found is not None and not found.exact
    assert found.seam <= 0.03
    assert "are approximate, since the net looks further" in remarks[0]
    flat = np.full((1, 96, 96, 3), 0.5, np.float32)
    steps = np.abs(np.diff(family.transform(flat), axis=2))[:, 16:-16, 16:-16]
    assert steps.max() <= 1 / 255


def test_one_picture_comes_back_as_one() -> None:
    family, _ = family_of(enlarged)
    picture = np.random.default_rng(0).random((40, 50, 3), np.float32)
    assert np.array_equal(family.transform(picture), family.transform(picture[None])[0])
    assert family.transform(picture).shape == (80, 100, 3)


def test_a_batch_of_tiles_is_run_at_once() -> None:
    family, _ = family_of(blurred, batch=4)
    family.transform(np.zeros((1, 60, 60, 3), np.float32))
    assert [len(inputs["image"]) for _, inputs in family.runner.calls] == [4]  # type: ignore[attr-defined]


def test_what_follows_the_picture_is_cut_like_it_and_must_be_given() -> None:
    mask = Tensor(name="mask", shape=(1, SIDE, SIDE, 1))
    level = Tensor(name="level", shape=(1, 1), role="latent")

    def net(image: Array, mask: Array, level: Array) -> Array:
        return blurred(image, 1) * mask + level[:, None, None]

    family, _ = family_of(net, inputs=(mask, level))
    rng = np.random.default_rng(0)
    image, over = rng.random((1, 50, 70, 3), np.float32), rng.random((1, 50, 70, 1), np.float32)
    level_row = np.full((1, 1), 0.25, np.float32)
    made = family.transform(image, mask=over, level=level_row)
    np.testing.assert_allclose(made, net(image, over, level_row), atol=1e-6)
    with pytest.raises(InputError, match=r"'mask' .*is missing"):
        family.transform(image)
    with pytest.raises(InputError, match=r"as the images; it is \(1, 32, 32, 1\)"):
        family.transform(image, mask=over[:, :32, :32])


def test_sounds_are_tiled_along_time() -> None:
    def smooth(image: Array) -> Array:
        wide = np.pad(image, ((0, 0), (1, 1), (0, 0)))
        return (wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]) / np.float32(3)

    tensors = [Tensor(name=n, shape=(1, 64, 1), range=(-1.0, 1.0)) for n in ("image", "sample")]
    signature = Signature(part="net", inputs=(tensors[0],), outputs=(tensors[1],))
    model = Model(
        kind="original", family="image-to-image", signatures={"translate": signature}, files={}
    )
    measured = with_tilings(model, Family(model, NumpyRunner(model, {"translate": smooth})), [])
    family = Family(measured, NumpyRunner(measured, {"translate": smooth}))
    signal = np.random.default_rng(0).random((2, 1000, 1), np.float32)
    np.testing.assert_allclose(family.transform(signal), smooth(signal), atol=1e-6)


@given(st.integers(8, 64), st.integers(1, 300), st.booleans(), st.data())
def test_weights_of_tiles_sum_to_one_everywhere(
    tile: int, length: int, exact: bool, data: st.DataObject
) -> None:
    scale = data.draw(st.sampled_from([Fraction(1), Fraction(3), Fraction(1, 2)]))
    tile -= tile % scale.denominator
    align = scale.denominator * data.draw(st.sampled_from([1, 2]))
    margin = data.draw(st.integers(0, max(0, (tile - align) // 2 - scale.denominator)))
    axis = tiles_along(length, tile, scale, Tiling(margin=margin, align=align, exact=exact))
    total = np.zeros(int(axis.covered * scale))
    for k, start in enumerate(axis.starts):
        assert start % align == 0 and 0 <= start <= axis.covered - tile
        total[axis.made(k)] += axis.weights[k]
    np.testing.assert_allclose(total, 1, atol=1e-5)
    assert axis.covered >= length

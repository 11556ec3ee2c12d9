"""Image-to-image nets: one signature for each size, and conditions beside the image."""

from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.data.rng import Random
from edgekit.errors import InputError
from edgekit.families._base import check_values
from edgekit.families.image_to_image import Family, scoped
from edgekit.model import Model, Signature, Tensor, Tiling

from .fakes import NumpyRunner, detected, net, tensor, with_classes

RGB = tensor("photo", None, None, 3, range=(-1.0, 1.0))
OUTPUT = tensor("result", None, None, 3)
RESULT = tensor("result", 8, 8, 3)


def of_sizes(*sizes: int, conditions: tuple[Any, ...] = ()) -> Model:
    """A net converted for these sizes, as `--input-size` makes it."""
    _, model = detected(net=net([RGB, *conditions], [OUTPUT]))
    (signature,) = model.signatures.values()
    made = {}
    for size in sizes:
        image = msgspec.structs.replace(signature.inputs[0], shape=(1, size, size, 3))
        name = "translate" if len(sizes) == 1 else f"translate-{size}x{size}"
        made[name] = msgspec.structs.replace(signature, inputs=(image, *signature.inputs[1:]))
    return model.replace(signatures=made)


def opened(model: Model) -> tuple[Family, NumpyRunner]:
    first = next(iter(model.signatures.values())).inputs[0].name

    def invert(**inputs: NDArray[Any]) -> NDArray[Any]:
        return -inputs[first]

    runner = NumpyRunner(model, dict.fromkeys(model.signatures, invert))
    return Family(model, runner), runner


ONE, TWO = of_sizes(8), of_sizes(8, 16)
STYLED = of_sizes(8, conditions=(tensor("style_code", 2), tensor("noise", 5)))


def test_transform_takes_the_signature_of_the_images_size() -> None:
    family, runner = opened(TWO)
    for size in (16, 8):
        images = np.full((3, size, size, 3), 0.5, np.float32)
        assert np.array_equal(family.transform(images), -images)
    assert [name for name, _ in runner.calls] == ["translate-16x16", "translate-8x8"]


def test_a_size_that_was_not_converted() -> None:
    with pytest.raises(InputError, match=r"this bundle takes \(8, 8, 3\), \(16, 16, 3\) "):
        opened(TWO)[0].transform(np.zeros((1, 12, 12, 3), np.float32))
    with pytest.raises(InputError, match=r"images are \(1, 8, 8, 4\)"):
        opened(ONE)[0].transform(np.zeros((8, 8, 4), np.float32))


def test_every_size_is_drawn_and_tried() -> None:
    family, _ = opened(TWO)
    draws = family.draw(2, seed=0)
    assert {name: rows.shape for name, rows in draws.items()} == {
        "translate-8x8/image": (2, 8, 8, 3),
        "translate-16x16/image": (2, 16, 16, 3),
    }
    outputs = family.trial(draws)
    assert np.array_equal(outputs["translate-16x16"], -draws["translate-16x16/image"])
    assert list(outputs) == list(TWO.signatures)
    assert family.shown(TWO) == "translate-8x8"


def test_without_data_the_images_are_textures_in_the_inputs_range() -> None:
    family, _ = opened(ONE)
    images = family.draw(3, seed=1)["translate/image"]
    assert images.dtype == np.float32
    assert (images.min(), images.max()) == (-1, 1)
    assert np.array_equal(images, family.draw(3, seed=1)["translate/image"])
    assert not np.array_equal(images, family.draw(3, seed=2)["translate/image"])


def test_data_for_one_size_goes_before_data_for_all() -> None:
    small, large = np.zeros((2, 8, 8, 3)), np.ones((2, 16, 16, 3))
    data = {"image": small, "translate-16x16/image": large}
    draws = opened(TWO)[0].draw(2, 0, data)
    assert draws["translate-8x8/image"].max() == 0
    assert draws["translate-16x16/image"].min() == 1
    assert list(scoped(data, "translate-8x8")) == ["image"]


def test_data_without_images() -> None:
    with pytest.raises(InputError, match="has no array 'image'; it has: photo"):
        opened(ONE)[0].draw(2, 0, {"photo": np.zeros((2, 8, 8, 3))})


def test_conditions_come_from_the_prior_or_are_given() -> None:
    family, runner = opened(with_classes(STYLED, 2))
    images = np.zeros((3, 8, 8, 3), np.float32)
    family.transform(images)
    family.transform(images, style_code=np.full((3, 2), 0.5), noise=np.zeros((3, 5)))
    drawn, given = (inputs for _, inputs in runner.calls)
    assert drawn["style_code"].tolist() == [[1, 0], [0, 1], [1, 0]]
    assert np.array_equal(drawn["noise"], Random(0, stream=2).normal((3, 5)))
    assert given["style_code"].tolist() == [[0.5, 0.5]] * 3
    assert not given["noise"].any()


def test_it_generates_nothing_from_nothing() -> None:
    with pytest.raises(InputError, match=r"need an input: use transform \(run --input"):
        opened(ONE)[0].generate()


def test_too_little_data_shortens_what_is_drawn_beside_it() -> None:
    draws = opened(with_classes(STYLED, 2))[0].draw(4, 0, {"photo": np.zeros((3, 8, 8, 3))})
    assert {len(rows) for rows in draws.values()} == {3}


def test_values_that_no_input_takes() -> None:
    image = tensor("image", 8, 8, 1, range=(0.0, 1.0))
    pixels = np.full((1, 8, 8, 1), 51, np.uint8)
    assert np.allclose(check_values(image, pixels), 0.2)
    for rows, message in (
        (pixels.astype(int), "holds integers 51…51, the net takes 0…1; scale them to that range"),
        (np.full((1, 8, 8, 1), np.nan), "holds NaN or infinite values"),
    ):
        with pytest.raises(InputError, match=message):
            check_values(image, rows)
    ones = np.ones((1, 8, 8, 1), int)
    assert np.array_equal(check_values(image, ones), ones)


def test_a_condition_called_image() -> None:
    _, model = detected(net=net([tensor("photo", 8, 8, 3), tensor("image", 4)], [RESULT]))
    assert [t.name for t in model.signatures["translate"].inputs] == ["photo", "image"]


def test_a_second_image_is_drawn_as_images_are_and_must_be_given() -> None:
    style = tensor("style", 16, 16, 3, range=(-1.0, 1.0))
    code = tensor("style_code", 1, 1, 4)
    _, model = detected(net=net([style, tensor("photo", 8, 8, 3), code], [RESULT]))
    inputs = model.signatures["translate"].inputs
    assert [t.name for t in inputs] == ["photo", "style", "style_code"]
    assert [t.role for t in inputs] == ["sample", "sample", "label"]
    family, runner = opened(model)
    images = family.draw(2, seed=0)["translate/style"]
    assert images.shape == (2, 16, 16, 3)
    assert (images.min(), images.max()) == (-1, 1)
    photos = np.zeros((2, 8, 8, 3), np.float32)
    with pytest.raises(InputError, match=r"input 'style' \(16, 16, 3\) is missing.*npz"):
        family.transform(photos)
    family.transform(photos, style=images)
    assert np.array_equal(runner.calls[-1][1]["style"], images)
    family.transform(style=images[0], photo=photos)  # one for all
    assert np.array_equal(runner.calls[-1][1]["style"], images[[0, 0]])
    with pytest.raises(InputError, match="no 'styles'; did you mean 'style'"):
        family.transform(photos, styles=images)


@pytest.mark.parametrize(
    "tiling", [Tiling(margin=8), Tiling(margin=-1), Tiling(0, 16), Tiling(0, 0)]
)
def test_tiles_that_would_leave_gaps_are_a_contradiction(tiling: Tiling) -> None:
    tensors = (Tensor(name="image", shape=(1, 16, 16, 3)),)
    signature = Signature(part="net", inputs=tensors, outputs=tensors, tiling=tiling)
    model = Model(kind="tflite", family="image-to-image", signatures={"t": signature}, files={})
    assert list(Family.problems(model)) == ["the tiling of 't' leaves nothing of a tile"]
    sound = msgspec.structs.replace(signature, tiling=Tiling(margin=7))
    assert list(Family.problems(model.replace(signatures={"t": sound}))) == []


@pytest.mark.parametrize("name", ["seed", "count", "images", "tiles", "label", "self"])
def test_an_input_called_like_an_argument_can_be_given(name: str) -> None:
    """A label map, or an image beside the main one."""
    inputs = [tensor("photo", 8, 8, 3), tensor(name, 8, 8, 1)]
    _, model = detected(net=net(inputs, [RESULT]))
    family, runner = opened(model)
    photo = np.zeros((1, 8, 8, 3), np.float32)
    given = {t.name: np.ones((1, 8, 8, 1), np.float32) for t in
             model.signatures["translate"].inputs if t.name != "photo"}  # fmt: skip
    assert list(given) == [f"{name}_input"]
    family.transform(photo, **given)
    np.testing.assert_array_equal(runner.calls[-1][1][f"{name}_input"], given[f"{name}_input"])

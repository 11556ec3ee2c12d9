"""Value ranges: the user's word first, then the layers', then what the net itself shows."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.model import Model, Range, Signature, Tensor
from edgekit.ranges import liked_ranges, snapped, with_given_ranges, with_output_ranges

Array = NDArray[Any]


def upscaler(image: Range | None = None, sample: Range | None = None) -> Model:
    """A net from pictures to pictures, with what its layers tell."""
    inputs = (Tensor(name="image", shape=(2, 16, 16, 3), range=image),)
    outputs = (Tensor(name="sample", shape=(2, 16, 16, 3), range=sample),)
    signatures = {"translate": Signature(part="net", inputs=inputs, outputs=outputs)}
    return Model(kind="keras", family="image-to-image", signatures=signatures, files={})


def told(model: Model) -> tuple[Range | None, Range | None]:
    """The ranges of its input and output."""
    signature = model.signatures["translate"]
    return signature.inputs[0].range, signature.outputs[0].range


@pytest.mark.parametrize(
    ("low", "high", "span"),
    [
        (0, 1, (0.0, 1.0)),
        (-0.05, 1.05, (0.0, 1.0)),
        (-1, 1, (-1.0, 1.0)),
        (-0.9, 0.2, (-1.0, 1.0)),
        (-5, 260, (0.0, 255.0)),
        (-50, 50, None),
        (0, 4000, None),
    ],
)
def test_observed_values_give_the_usual_range_that_they_fill(
    low: float, high: float, span: Range | None
) -> None:
    assert snapped(np.linspace(low, high, 1000)) == span


def test_the_users_word_goes_before_the_layers() -> None:
    model = with_given_ranges(upscaler(sample=(-1.0, 1.0)), (0.0, 255.0), (0.0, 1.0))
    assert told(model) == ((0.0, 255.0), (0.0, 1.0))


def test_an_output_range_is_observed_only_where_none_is_known() -> None:
    samples, remarks = np.linspace(0, 255, 1000), list[str]()
    assert told(with_output_ranges(upscaler(sample=(0.0, 1.0)), samples, remarks))[1] == (0.0, 1.0)
    assert remarks == []
    assert told(with_output_ranges(upscaler(), samples, remarks))[1] == (0.0, 255.0)
    assert remarks == ["output range observed: 0…255 (--output-range)"]


@pytest.mark.parametrize(
    ("net", "liked"),
    [
        (lambda image: image, [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]),
        (lambda image: np.clip(image, 0, 1), [(0.0, 1.0)]),
        (lambda image: np.clip(image, 2, 255), [(0.0, 255.0)]),
    ],
    ids=["any", "0…1", "0…255"],
)
def test_a_net_likes_the_range_in_which_it_returns_its_image(
    net: Callable[[Array], Array], liked: list[Range]
) -> None:
    runner: Any = SimpleNamespace(run=lambda _, inputs: {"sample": net(inputs["image"])})
    assert liked_ranges(upscaler(), runner) == liked

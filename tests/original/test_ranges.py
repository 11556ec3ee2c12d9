"""Value ranges: the user's word first, then the layers', then what the net itself shows."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.errors import ModelError
from edgekit.model import Model, Range, Signature, Tensor
from edgekit.original import ranges
from edgekit.original.ranges import (
    doubt,
    liked_ranges,
    snapped,
    with_given_ranges,
    with_input_ranges,
    with_output_ranges,
)

Array = NDArray[Any]


def upscaler(image: Range | None = None, sample: Range | None = None) -> Model:
    """A net from pictures to pictures, with what its layers tell."""
    inputs = (Tensor(name="image", shape=(2, 16, 16, 3), range=image),)
    outputs = (Tensor(name="sample", shape=(2, 16, 16, 3), range=sample),)
    signatures = {"translate": Signature(part="net", inputs=inputs, outputs=outputs)}
    return Model(kind="original", family="image-to-image", signatures=signatures, files={})


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
        # Trained on 0…255, a small bias: 1 % of 0…1.
        (lambda image: image + 0.01, [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]),
        (lambda image: image + 4.0, [(0.0, 255.0)]),
        (np.zeros_like, [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]),
        (lambda image: 0.3 * np.ones_like(image), [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]),
    ],
    ids=["any", "0…1", "0…255", "nearly any", "biased", "black", "grey"],
)
def test_a_net_likes_the_range_in_which_it_returns_its_image(
    net: Callable[[Array], Array], liked: list[Range]
) -> None:
    runner: Any = SimpleNamespace(run=lambda _, inputs: {"sample": net(inputs["image"])})
    assert liked_ranges(upscaler(), runner) == liked


def finite(net: Callable[[Array], Array]) -> Any:
    """A runner like that of the original: what overflows is an error."""

    def run(signature: str, inputs: dict[str, Array]) -> dict[str, Array]:
        made = net(inputs["image"])
        if np.abs(made).max() > 100:
            raise ModelError("infinite")
        return {"sample": made}

    return SimpleNamespace(run=run)


def test_a_range_in_which_the_net_overflows_is_one_that_it_does_not_like() -> None:
    assert liked_ranges(upscaler(), finite(lambda image: image)) == [(0.0, 1.0), (-1.0, 1.0)]
    with pytest.raises(ModelError, match="infinite"):
        liked_ranges(upscaler(), finite(lambda image: image + 1e9))


def described(
    monkeypatch: pytest.MonkeyPatch, model: Model, net: Callable[[Array], Array]
) -> tuple[Model, list[str]]:
    """The model with input ranges, of a net that is a NumPy function."""
    runner = SimpleNamespace(run=lambda _, inputs: {"sample": net(inputs["image"])})
    monkeypatch.setattr(ranges, "OriginalRunner", lambda parts, signatures: runner)
    remarks: list[str] = []
    return with_input_ranges(model, {}, remarks), remarks


def test_several_ranges_that_fit_are_a_doubt_and_no_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    model, remarks = described(monkeypatch, upscaler(), lambda image: image)
    assert told(model)[0] == (0.0, 1.0)
    assert model.range_doubt == ((-1.0, 1.0), (0.0, 255.0))
    assert remarks == []
    assert "taken to be 0…1, but -1…1 or 0…255 fits as well" in doubt(model)


@pytest.mark.parametrize(
    ("family", "channels", "net", "sure"),
    [
        ("image-to-image", (3, 3), lambda image: 1 - image, True),
        ("image-to-image", (3, 1), lambda image: np.round(image[..., :1] * 0), False),
        ("image-to-image", (1, 1), lambda image: image * 0, False),
        ("autoencoder", (1, 1), lambda image: image * 0, True),
        ("image-to-image", (3, 3), lambda image: np.full_like(image, 1 / 3), False),
    ],
    ids=["picture", "mask", "grey mask", "autoencoder", "classes"],
)
def test_the_range_of_an_output_is_that_of_an_input_of_its_kind_only(
    monkeypatch: pytest.MonkeyPatch,
    family: str,
    channels: tuple[int, int],
    net: Callable[[Array], Array],
    sure: bool,
) -> None:
    inputs = (Tensor(name="image", shape=(1, 16, 16, channels[0])),)
    outputs = (Tensor(name="sample", shape=(1, 16, 16, channels[1]), range=(0.0, 1.0)),)
    signatures = {"translate": Signature(part="net", inputs=inputs, outputs=outputs)}
    model = Model(kind="original", family=family, signatures=signatures, files={})
    found, remarks = described(monkeypatch, model, net)
    assert told(found)[0] == (0.0, 1.0)
    assert (not found.range_doubt) is sure
    assert bool(remarks) is sure


def test_a_net_that_overflows_in_0_to_1_has_the_range_of_its_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that divides by small pixels, say: it takes 0…255, as it gives."""

    def divides(image: Array) -> Array:
        return image if image.max() > 2 else np.full_like(image, 1e9)

    runner = finite(lambda image: divides(image) / 10)
    monkeypatch.setattr(ranges, "OriginalRunner", lambda parts, signatures: runner)
    found = with_input_ranges(upscaler(sample=(0.0, 255.0)), {}, [])
    assert told(found)[0] == (0.0, 255.0)
    assert not found.range_doubt

"""Which family a net is taken for, by its inputs and outputs alone."""

import re
from typing import Any

import pytest

from edgekit.errors import InputError, ModelError
from edgekit.families._base import PartInfo
from edgekit.model import Tensor

from .fakes import detected, net, tensor

IMAGE = tensor("image", 28, 28, 1)
LATENT = tensor("z", 64)


@pytest.mark.parametrize(
    ("family", "info"),
    [
        ("latent", net([LATENT], [IMAGE])),
        ("latent", net([tensor("noise", 1, 1, 100)], [tensor("x", 64, 64, 3)])),  # DCGAN
        ("latent", net([tensor("noise", 100, 1, 1)], [tensor("x", 3, 64, 64)])),  # PyTorch's
        ("latent", net([LATENT], [tensor("sound", 16000, 1)])),
        ("latent", net([LATENT], [tensor("row", 64)])),
        ("latent", net([LATENT, tensor("label", 10)], [IMAGE])),
        ("latent", net([tensor("label", 200), tensor("z", 64)], [IMAGE])),
        ("autoencoder", net([IMAGE], [IMAGE], bottleneck=True)),
        ("autoencoder", net([tensor("x", 784)], [tensor("y", 784)], bottleneck=True)),
        ("image-to-image", net([IMAGE], [IMAGE])),  # denoising: no bottleneck
        ("image-to-image", net([tensor("x", 32, 32, 3)], [tensor("y", 64, 64, 3)])),
        ("image-to-image", net([tensor("x", None, None, 3)], [tensor("y", None, None, 3)])),
        ("image-to-image", net([tensor("sound", 16000, 1)], [tensor("y", 16000, 1)])),
        ("image-to-image", net([IMAGE, tensor("style", 8)], [IMAGE])),
    ],
)
def test_one_net(family: str, info: PartInfo) -> None:
    assert detected(net=info)[0] == family


def test_encoder_and_decoder() -> None:
    name, model = detected(encoder=net([IMAGE], [LATENT]), decoder=net([LATENT], [IMAGE]))
    assert name == "autoencoder"
    assert set(model.signatures) == {"encode", "decode"}
    assert model.signatures["encode"].part == "encoder"
    assert model.signatures["decode"].part == "decoder"


TOKENS = tensor("tokens", 40, dtype="int32")
SHARES = {"range": (0.0, 1.0)}


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (net([IMAGE], [tensor("mean", 4), tensor("log", 4)]), "encoder of a variational .*toml"),
        (net([IMAGE], [tensor("both", 8)]), "an encoder alone .*decoder.keras"),
        (net([IMAGE, tensor("label", 10)], [tensor("code", 4)]), "takes 'label' besides.*decoder"),
        (net([IMAGE], [tensor("class", 10, **SHARES)]), "a classifier: 10 shares"),
        (net([IMAGE], [tensor("real", 1, **SHARES)]), "a discriminator: one number"),
        (net([tensor("x", 784)], [tensor("real", 1)]), "generator and discriminator in one model"),
        (net([LATENT, tensor("label", 10)], [tensor("real", 1)]), "save the generator alone"),
        (net([tensor("row", 20)], [tensor("price", 5)]), "5 values out of vectors of 20: .*table"),
        (
            net([tensor("z", 500)], [tensor("x", 8, 8, 3)]),
            r"fewer values \(192\) .*--family latent",
        ),
        (net([tensor("label", dtype="int32")], [IMAGE]), "labels only|takes class labels"),
        (net([TOKENS], [tensor("next", 465)]), r"net of text: tokens 'tokens' \(40,\).*come later"),
        (net([TOKENS], [tensor("next", 40, 465)], classes={"tokens": 465}), "not supported yet"),
        (net([TOKENS, tensor("to", None, dtype="int64")], [tensor("y", None, 81)]), "net of text"),
        (net([tensor("words", 1, dtype="string")], [IMAGE]), "'words' takes text .*vectorization"),
        (
            net([tensor("clip", 8, 64, 64, 3)], [tensor("x", 64, 64, 3)]),
            "keep the rank of a signal",
        ),
        (net([tensor("clip", 8, 64, 64, 3)], [tensor("act", 5, **SHARES)]), "a classifier"),
    ],
)
def test_what_fits_no_family_is_told_what_it_is_and_what_to_do(info: PartInfo, words: str) -> None:
    with pytest.raises(InputError, match=r"fits no family|takes text") as refused:
        detected(net=info)
    assert re.search(words, str(refused.value))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("code", [tensor("both", 8), tensor("x", 3, 3, 8)])
def test_mean_and_log_variance_in_one_vector_are_told_apart(code: Tensor) -> None:
    latent = tensor("z", *code.shape[1:-1], 4)
    with pytest.raises(InputError, match=r"mean and log-variance in one: .*\[\.\.\., :4\]"):
        detected(encoder=net([IMAGE], [code]), decoder=net([latent], [IMAGE]))
    with pytest.raises(InputError, match=r"fits the decoder's input \(5,\)$"):
        detected(encoder=net([IMAGE], [code]), decoder=net([tensor("z", 5)], [IMAGE]))


def test_two_nets_of_unknown_names() -> None:
    with pytest.raises(InputError, match="fits no family"):
        detected(a=net([LATENT], [IMAGE]), b=net([LATENT], [IMAGE]))


@pytest.mark.parametrize(
    ("label", "more"),
    [
        (tensor("digit", 1), {"classes": {"digit": 10}}),  # feeds an embedding
        (tensor("digit", 1, dtype="int64"), {}),
        (tensor("one_hot", 10), {}),
        (tensor("class_of_digit", 10), {}),
    ],
)
def test_what_is_a_label(label: Tensor, more: dict[str, Any]) -> None:
    _, model = detected(net=net([LATENT, label], [IMAGE], **more))
    assert [t.role for t in model.signatures["generate"].inputs] == ["latent", "label"]


def test_inputs_keep_their_origin() -> None:
    """Passes find the original tensor by `source`, whatever the family calls it."""
    label = tensor("class_id", 1, dtype="int32", source="label:0")
    info = net([label, tensor("noise", 64, source="noise:0")], [IMAGE], classes={"class_id": 10})
    _, model = detected(net=info)
    inputs = model.signatures["generate"].inputs
    assert [(t.name, t.role, t.source) for t in inputs] == [
        ("label", "label", "label:0"),
        ("z", "latent", "noise:0"),
    ]


@pytest.mark.parametrize(
    ("info", "message"),
    [
        (net([], [IMAGE]), "'net' has no inputs"),
        (net([LATENT], []), "'net' has no outputs"),
        (net([Tensor(name="scale", shape=())], [IMAGE]), "input 'scale' of 'net' has no batch"),
    ],
)
def test_nets_without_ends_are_refused(info: PartInfo, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        detected(net=info)

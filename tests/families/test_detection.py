"""Which family a net is taken for, by its inputs and outputs alone."""

import re
from typing import Any

import pytest

from edgekit.domain import as_text
from edgekit.errors import InputError, ModelError
from edgekit.families._base import PartInfo
from edgekit.families.image_to_image import Family
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


PHOTO, BW = tensor("photo", 32, 32, 3), tensor("mask", 32, 32, 1)
LAYERS = [tensor(f"keras_tensor_{k}", k, k, 1) for k in (4, 8, 32)]


@pytest.mark.parametrize(
    ("inputs", "family", "expected"),
    [
        # GauGAN, in both orders
        ([tensor("z", 64), tensor("map", 32, 32, 12)], "image-to-image", "map:sample z:latent"),
        ([tensor("map", 32, 32, 12), tensor("z", 64)], "image-to-image", "map:sample z:latent"),
        # AdaIN, inpainting, a guide: what is translated goes first
        ([tensor("style", 32, 32, 3), PHOTO], "image-to-image", "photo:sample style:sample"),
        ([BW, PHOTO], "image-to-image", "photo:sample mask:sample=mask"),
        ([tensor("masked_photo", 32, 32, 3), BW], "image-to-image",
         "masked_photo:sample mask:sample=mask"),
        ([tensor("seg_map", 32, 32, 12), PHOTO], "image-to-image",
         "photo:sample seg_map:sample=one-hot"),
        # diffusion
        ([tensor("noisy", 32, 32, 3), tensor("time", dtype="int64")], "image-to-image",
         "noisy:sample=normal time:condition=integers:0..999"),
        ([tensor("x", 32, 32, 3), tensor("noise_variance", 1, 1, 1)], "image-to-image",
         "x:sample=normal noise_variance:condition=uniform:0..1"),
        ([tensor("x", 32, 32, 3), tensor("t", 1), tensor("class_id", 1, dtype="int32")],
         "image-to-image", "x:sample=normal t:condition=uniform:0..1 class_id:label"),
        # StyleGAN with and without names, MuseGAN
        ([tensor("const", 4, 4, 512), tensor("w", 7, 512), tensor("noise_4", 4, 4, 1),
          tensor("noise_32", 32, 32, 1)], "latent",
         "const:latent w:latent noise_4:latent noise_32:latent"),
        ([tensor("input_1", 512), *LAYERS], "latent", "z:latent z_2:latent z_3:latent z_4:latent"),
        ([tensor("chords", 32), tensor("melody", 4, 32)], "latent", "chords:latent melody:latent"),
        # noise of the output's size
        ([tensor("noise", 1000, 8)], "latent", "z:latent"),
        ([tensor("noise_image", 32, 32, 3)], "image-to-image", "image:sample"),
        ([tensor("codes", 7, 7, dtype="int32")], "latent", "codes:condition=integers:0..999"),
        ([tensor("z", 64), tensor("angle", 1)], "latent", "z:latent angle:condition=uniform:0..1"),
    ],
)  # fmt: skip
def test_inputs_of_any_order(inputs: list[Tensor], family: str, expected: str) -> None:
    rank = len(inputs[0].shape) if len(inputs) == 1 and "noise" in inputs[0].name else 4
    output = tensor("y", 1000, 8) if rank == 3 else tensor("y", 32, 32, 3)
    name, model = detected(net=net(inputs, [output]))
    assert name == family
    (signature,) = model.signatures.values()
    told = [f"{t.name}:{t.role}" + (f"={as_text(t.domain)}" if t.domain else "")
            for t in signature.inputs]  # fmt: skip
    assert " ".join(told) == expected
    assert {t.source for t in signature.inputs} == {t.source for t in inputs}


def test_a_signal_that_may_be_noise_is_doubted() -> None:
    _, model = detected(net=net([tensor("x", 1000, 8)], [tensor("y", 1000, 8)]))
    (doubt,) = Family.doubts(model.signatures["translate"])
    assert "--family latent (and --prior uniform" in doubt
    _, model = detected(net=net([PHOTO], [tensor("y", 32, 32, 3)]))
    assert list(Family.doubts(model.signatures["translate"])) == []


def test_an_encoder_to_small_maps_is_doubted() -> None:
    _, model = detected(net=net([tensor("x", 64, 64, 3)], [tensor("y", 8, 8, 16)]))
    (doubt,) = Family.doubts(model.signatures["translate"])
    assert "if this is an encoder" in doubt

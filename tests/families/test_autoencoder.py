"""Autoencoders: encode, decode, and the round trip through both."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.data.rng import Random
from edgekit.errors import InputError
from edgekit.families.autoencoder import Family
from edgekit.model import Model

from .fakes import NumpyRunner, detected, net, paint, tensor

IMAGE, CODE = tensor("image", 8, 8, 1), tensor("code", 4)


def two_parts(*codes: Any) -> Model:
    encoder = net([tensor("x", 8, 8, 1)], codes or [CODE])
    return detected(encoder=encoder, decoder=net([tensor("latent", 4)], [IMAGE]))[1]


def encode(image: NDArray[Any]) -> NDArray[Any]:
    return image.reshape(len(image), -1)[:, :4] * 2


def decode(z: NDArray[Any]) -> NDArray[Any]:
    return paint(z, 8)


def opened(model: Model) -> tuple[Family, NumpyRunner]:
    runner = NumpyRunner(
        model, {"encode": encode, "decode": decode, "reconstruct": lambda image: image / 2}
    )
    return Family(model, runner), runner


PAIR = two_parts()
SINGLE = detected(net=net([IMAGE], [IMAGE], bottleneck=True))[1]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["z_mean", "z_log_var", "z"], "z_mean"),
        (["z", "z_log_var", "z_mean"], "z_mean"),
        (["log_var", "mu"], "mu"),
        (["log_var", "mu_dense"], "mu_dense"),
        (["log_scale", "z_loc"], "z_loc"),
        (["dense", "block_2"], "dense"),
        (["dense_1", "dense_2"], "dense_1"),
    ],
)
def test_the_code_of_a_variational_encoder_is_its_mean(names: list[str], chosen: str) -> None:
    outputs = [tensor(name, 4, source=name) for name in names]
    (code,) = two_parts(*outputs).signatures["encode"].outputs
    assert (code.name, code.role, code.source) == ("code", "code", chosen)


def test_the_code_is_an_output_that_fits_the_decoder() -> None:
    model = two_parts(tensor("features_mean", 16, source=0), tensor("code", 4, source=1))
    assert model.signatures["encode"].outputs[0].source == 1
    with pytest.raises(InputError, match=r"no output of the encoder .* fits the decoder's"):
        two_parts(tensor("features", 16))


def test_transform_is_encode_then_decode() -> None:
    family, runner = opened(PAIR)
    images = Random(0).uniform((3, 8, 8, 1)).astype(np.float32)
    assert np.array_equal(family.encode(images), encode(images))
    assert np.array_equal(family.transform(images), decode(encode(images)))
    assert np.array_equal(family.reconstruct(images), family.transform(images))
    assert [name for name, _ in runner.calls[-2:]] == ["encode", "decode"]


def test_generate_decodes_the_prior() -> None:
    family, runner = opened(PAIR)
    assert family.generate(3, seed=7).shape == (3, 8, 8, 1)
    assert np.array_equal(runner.calls[0][1]["z"], Random(7).normal((3, 4)))
    with pytest.raises(InputError, match="takes no class label"):
        family.generate(label=1)


def test_without_data_the_images_are_the_nets_own_samples() -> None:
    family, _ = opened(PAIR)
    draws = family.draw(3, seed=5)
    assert np.array_equal(draws["z"], Random(5).normal((3, 4)))
    assert np.array_equal(draws["image"], decode(Random(5, stream=1).normal((3, 4))))


def test_data_stands_in_for_images() -> None:
    images = np.random.default_rng(0).random((2, 8, 8, 1))
    draws = opened(PAIR)[0].draw(5, 0, {"image": images})
    assert np.array_equal(draws["image"], images.astype(np.float32))
    with pytest.raises(InputError, match="data for input 'image'"):
        opened(PAIR)[0].draw(5, 0, {"image": images[:, :4]})


def test_trial_compares_each_part_and_the_round_trip() -> None:
    family, _ = opened(PAIR)
    draws = family.draw(3, seed=5)
    outputs = family.trial(draws)
    assert np.array_equal(outputs["encode"], encode(draws["image"]))
    assert np.array_equal(outputs["decode"], decode(draws["z"]))
    assert np.array_equal(outputs["reconstruct"], decode(encode(draws["image"])))
    roles = {name: family.output_tensor(PAIR, name).role for name in outputs}
    assert roles == {"encode": "code", "decode": "sample", "reconstruct": "sample"}
    assert family.shown(PAIR) == "decode"


def test_one_net_reconstructs_only() -> None:
    family, _ = opened(SINGLE)
    draws = family.draw(2, seed=0)
    assert np.array_equal(family.trial(draws)["reconstruct"], draws["image"] / 2)
    assert family.shown(SINGLE) == "reconstruct"
    with pytest.raises(InputError, match="has one part and cannot sample"):
        family.generate()
    with pytest.raises(InputError, match="has no 'encode'; it has: reconstruct"):
        family.encode(draws["image"])


def test_one_net_without_data_sees_textures() -> None:
    images = opened(SINGLE)[0].draw(3, seed=0)["image"]
    assert images.shape == (3, 8, 8, 1)
    assert (images.min(), images.max()) == (0, 1)


def test_data_without_images() -> None:
    with pytest.raises(InputError, match="has no array 'image'; it has: z"):
        opened(SINGLE)[0].draw(3, 0, {"z": np.zeros((3, 4))})


@pytest.mark.parametrize("conditional", ["encoder", "decoder"])
def test_conditional_autoencoders_are_refused(conditional: str) -> None:
    label = tensor("label", 10)
    inputs = {"encoder": [tensor("x", 8, 8, 1)], "decoder": [tensor("z", 4)]}
    inputs[conditional].append(label)
    parts = {
        name: net(inputs[name], [out]) for name, out in (("encoder", CODE), ("decoder", IMAGE))
    }
    with pytest.raises(InputError, match=f"the {conditional} takes '.*', 'label'.*decoder alone"):
        detected(**parts)


def test_a_conditional_decoder_alone_is_a_latent_net() -> None:
    name, _ = detected(decoder=net([tensor("z", 4), tensor("label", 10)], [IMAGE]))
    assert name == "latent"

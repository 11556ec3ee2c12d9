"""A net as edgekit describes it, from the file to the folder that all later steps read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from edgekit import plugin
from edgekit.errors import InputError, ModelError
from edgekit.original.steady import check_repeated
from tests.original.nets import autoencoder, describe_net
from tests.reference import plugged
from tests.reference.net import Net, filter_net, generator

FREE = (None, None, 3)


@pytest.fixture(scope="module", autouse=True)
def reference_source() -> Iterator[None]:
    with plugged():
        yield


def test_a_generator(tmp_path: Path) -> None:
    model = describe_net(generator(latent=6), tmp_path)
    assert (model.kind, model.family) == ("original", "latent")
    (signature,) = model.signatures.values()
    (z,), (sample,) = signature.inputs, signature.outputs
    assert (z.role, z.shape, z.source) == ("latent", (1, 6), "z")
    assert (sample.shape, sample.range) == ((1, 8, 8, 1), (-1.0, 1.0)), "its last layer is a tanh"
    assert model.parameters == 6 * 24 + 24 + 24 * 24 + 24 + 24 * 64 + 64
    assert model.remarks == (), "nothing was assumed"


def test_two_parts_are_one_net(tmp_path: Path) -> None:
    model = describe_net(autoencoder(tmp_path), tmp_path)
    assert model.family == "autoencoder"
    assert {name: s.part for name, s in model.signatures.items()} == {
        "encode": "encoder", "decode": "decoder",
    }  # fmt: skip
    assert model.license == "MIT"
    (image,) = model.signatures["encode"].inputs
    assert image.range == (-1.0, 1.0), "what an autoencoder gives it takes"


def test_a_free_size_is_128_and_is_remarked(tmp_path: Path) -> None:
    model = describe_net(filter_net(FREE), tmp_path)
    assert model.signatures["translate"].outputs[0].shape == (1, 128, 128, 3)
    assert "input size not given (--input-size): converted for 128x128" in model.remarks


def test_each_size_is_a_signature(tmp_path: Path) -> None:
    model = describe_net(filter_net(FREE), tmp_path, sizes=((16, 24), (8, 8)), batch=2)
    shapes = {
        name: (signature.inputs[0].shape, signature.outputs[0].shape)
        for name, signature in model.signatures.items()
    }
    assert shapes == {
        "translate-16x24": ((2, 16, 24, 3), (2, 16, 24, 3)),
        "translate-8x8": ((2, 8, 8, 3), (2, 8, 8, 3)),
    }


@pytest.mark.parametrize(
    ("net", "said", "message"),
    [
        (filter_net(), {"sizes": ((32, 32),)}, r"does not apply: the net's inputs are fixed"),
        (filter_net(FREE), {"sizes": ((32,),)}, r"has 2 free dimensions, --input-size gives 1"),
        (filter_net((None, 3)), {}, r"has free dimensions; give --input-size"),
        (generator(), {"family": "image-to-image"}, r"does not fit the family image-to-image"),
        (filter_net(), {"input_range": (1.0, -1.0)}, r"the range 1…-1 of '.*' is none"),
        (generator(), {"noise": "mean"}, r"--noise mean: the net draws no normal noise"),
        (generator(), {"classes": 10}, r"--classes 10: no input of the net is a class label"),
        (generator(), {"output_name": "picture"}, r"--output-name picture: no such output"),
    ],
)
def test_what_a_net_is_not(net: Net, said: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        describe_net(net, tmp_path, **said)


def test_the_users_ranges_go_before_the_layers(tmp_path: Path) -> None:
    model = describe_net(
        filter_net(last="tanh"), tmp_path, input_range=(0.0, 255.0), output_range=(0.0, 1.0)
    )
    (signature,) = model.signatures.values()
    assert signature.inputs[0].range == (0.0, 255.0)
    assert signature.outputs[0].range == (0.0, 1.0)
    assert not any("range" in remark for remark in model.remarks)


def test_an_output_without_a_range_is_observed(tmp_path: Path) -> None:
    """Place by place the net is nearly the identity, so pictures in 0…1 come out as they are."""
    model = describe_net(filter_net(last="linear"), tmp_path, input_range=(0.0, 1.0))
    assert model.signatures["translate"].outputs[0].range == (0.0, 1.0)
    assert "output range observed: 0…1 (--output-range)" in model.remarks


def test_a_net_of_places_is_tiled_without_a_seam(tmp_path: Path) -> None:
    model = describe_net(filter_net(), tmp_path)
    tiling = model.signatures["translate"].tiling
    assert tiling and (tiling.margin, tiling.align, tiling.exact) == (0, 1, True)


def test_channels_before_height_and_width_are_not_tiled(tmp_path: Path) -> None:
    model = describe_net(filter_net((3, 16, 16)), tmp_path)
    assert model.signatures["translate"].tiling is None
    (told,) = (remark for remark in model.remarks if "of its own size only" in remark)
    assert "its channels come before height and width" in told


def test_a_net_that_gives_always_the_same_is_refused(tmp_path: Path) -> None:
    net = generator()
    net.kernels[0] = np.zeros_like(net.kernels[0])
    with pytest.raises(ModelError, match="the same output for different inputs"):
        describe_net(net, tmp_path)


def test_a_net_that_overflows_is_refused(tmp_path: Path) -> None:
    net = generator()
    layers = net.design.layers
    linear = (*layers[:-1], msgspec.structs.replace(layers[-1], activation="linear"))
    net.design = msgspec.structs.replace(net.design, layers=linear)
    net.kernels[1:] = [kernel * np.float32(1e30) for kernel in net.kernels[1:]]
    with (
        pytest.raises(ModelError, match=r"output 'sample' \(generate\) holds NaN or infinite"),
        np.errstate(over="ignore", invalid="ignore"),
    ):
        describe_net(net, tmp_path)


def test_weights_that_are_no_numbers_are_named(tmp_path: Path) -> None:
    net = generator()
    net.biases[2][[1, 5]] = np.nan
    with pytest.raises(ModelError, match="weight 'bias2' holds 2 NaN or infinite values of 64"):
        describe_net(net, tmp_path)


def test_a_net_that_draws_for_itself_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another framework, whose graph edgekit does not see: two runs tell."""
    chance = np.random.default_rng(0)
    source = plugin.load("sources", "net")

    def noisy(self: Any, _: Any) -> Any:
        return lambda z: [self.net([z]) + chance.normal(0, 0.1, (1, 8, 8, 1)).astype(np.float32)]

    monkeypatch.setattr(source.NetPart, "function", noisy)
    with pytest.raises(ModelError, match=r"two runs on equal inputs differ by .* in 'generate'"):
        describe_net(generator(), tmp_path)


def test_threads_that_add_up_in_another_order_are_no_noise() -> None:
    """What counts is relative to the largest value."""
    first = {"y": np.array([1000.0, 1e-3, 0.0], np.float32)}
    check_repeated(first, {"y": first["y"] + np.float32(0.005)}, "")
    with pytest.raises(ModelError, match=r"differ by 0\.02 in 'y': why"):
        check_repeated(first, {"y": first["y"] + np.array([0, 0, 0.02], np.float32)}, "why")

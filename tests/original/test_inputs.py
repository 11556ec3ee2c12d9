"""What users say of inputs and outputs, and what is assumed until they do."""

from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.data.tensors import misfits
from edgekit.domain import parse_domain
from edgekit.errors import InputError
from edgekit.families._base import PartInfo
from edgekit.model import Model, Signature
from edgekit.original.describe import Given, check_classes, merged
from edgekit.original.inputs import with_domains
from edgekit.original.outputs import arranged, with_extra
from edgekit.sources import ModelToml
from tests.families.fakes import detected, member, net, tensor

IMAGE = tensor("y", 32, 32, 3)


def described(info: PartInfo, **stated: str) -> tuple[Model, str]:
    """The net with these domains, and the remark on what was assumed."""
    _, model = detected(net=info)
    remarks: list[str] = []
    domains = {name: tuple(map(parse_domain, text.split())) for name, text in stated.items()}
    signatures = with_domains(model.signatures, {"net": info}, domains, remarks)
    return model.replace(signatures=signatures), "; ".join(remarks)


DENOISER = net([tensor("noisy", 32, 32, 3), tensor("sigma", 1, source=1)], [IMAGE])


def test_what_is_assumed_is_remarked_until_it_is_stated() -> None:
    _, remark = described(DENOISER)
    assert remark.endswith("'noisy' from normal, 'sigma' from uniform:0..1")
    model, remark = described(DENOISER, sigma="uniform:0.01..80", noisy="normal:0,80")
    assert remark == ""
    drawn = member(model)[0].draw(200, 0)["translate/sigma"]
    assert 0.01 < drawn.min() < 2
    assert 70 < drawn.max() < 80


def test_an_input_may_be_named_as_the_net_names_it() -> None:
    info = net([tensor("noise_vector", 138)], [IMAGE])
    model, _ = described(info, noise_vector="one-hot:128..137")
    family, _ = member(model, generate=lambda z: z)
    z = family.draw(12, 0)["z"]
    assert z[:, 128:].argmax(1).tolist() == [*range(10), 0, 1]
    assert z[:, 128:].sum(1).tolist() == [1] * 12
    samples = family.generate(3, label=7)
    assert samples[:, 128:].argmax(1).tolist() == [7] * 3
    assert (samples[:, :128] == z[:3, :128]).all()


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"sigm": "uniform:0..1"}, "no such input; did you mean 'sigma'"),
        ({"sigma": "one-hot"}, "has one$"),
        ({"noisy": "uniform:0..1@2..3"}, r"the input \(32, 32, 3\) has the columns 0..2"),
    ],
)
def test_domains_that_an_input_cannot_have(stated: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        described(DENOISER, **stated)


def test_whole_numbers_take_whole_numbers() -> None:
    info = net([tensor("x", 32, 32, 3), tensor("time", dtype="uint8", source=1)], [IMAGE])
    for text, message in (
        ("uniform:0..1", r"whole numbers \(uint8\)"),
        ("integers:-1..5", "no negative numbers"),
        ("integers:0..256", "256 is too large for uint8"),
        ("integers:-999..5", "no negative numbers"),
    ):
        with pytest.raises(InputError, match=message):
            described(info, time=text)
    assert described(info, time="integers:0..255")[1].endswith("'x' from normal")


def test_truth_values_take_0_and_1() -> None:
    """Most of what is drawn between them would be true."""
    info = net([tensor("x", 32, 32, 3), tensor("flags", 8, dtype="bool", source=1)], [IMAGE])
    for text, message in (
        ("uniform:0..1", r"whole numbers \(bool\); give integers:0..1"),
        ("normal", r"whole numbers \(bool\)"),
        ("integers:0..2", "2 is too large for bool"),
    ):
        with pytest.raises(InputError, match=message):
            described(info, flags=text)
    drawn = member(described(info, flags="integers:0..1")[0])[0].draw(50, 0)["translate/flags"]
    assert 0.3 < drawn.mean() < 0.7


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_what_is_assumed_fits_the_type(dtype: str) -> None:
    """Of a thousand time steps, 8 bits hold the first ones: the others would wrap."""
    info = net([tensor("x", 32, 32, 3), tensor("time", 1, dtype=dtype, source=1)], [IMAGE])
    (time,) = (t for t in described(info)[0].signatures["translate"].inputs if t.name == "time")
    assert not [reason for domain in time.domain for reason in misfits(time, domain)]


def test_a_number_of_classes_needs_a_label() -> None:
    model, _ = described(net([tensor("z", 138)], [IMAGE]))
    with pytest.raises(InputError, match=r"--classes 10: no input .* --domain z=one-hot:128..137"):
        check_classes(model.signatures, Given(classes=10))
    labelled, _ = described(net([tensor("z", 8), tensor("label", 10)], [IMAGE]))
    check_classes(labelled.signatures, Given(classes=10))


def test_the_command_line_goes_before_model_toml() -> None:
    one, two = parse_domain("normal"), parse_domain("uniform:0..1")
    told = ModelToml(parts={}, inputs={"z": one, "t": one}, output="a", extra_outputs=("b",))
    given = merged(Given(domains={"t": (two,)}, output_name="c"), told)
    assert given.domains == {"z": (one,), "t": (two,)}
    assert (given.output_name, given.extra_outputs) == ("c", ("b",))


def preferred(info: PartInfo, wanted: str | None = None) -> list[str]:
    part: Any = SimpleNamespace(info=info)
    return [t.name for t in arranged({"net": part}, wanted, (), ())["net"].outputs]


AUX, MAIN, LARGE = tensor("aux", 16, 16, 3), tensor("main", 32, 32, 3), tensor("up", 64, 64, 3)


def test_the_output_of_the_inputs_size_counts_else_the_largest() -> None:
    image = tensor("x", 32, 32, 3)
    assert preferred(net([image], [AUX, LARGE, MAIN])) == ["main", "up", "aux"]
    assert preferred(net([image], [AUX, LARGE])) == ["up", "aux"]
    assert preferred(net([image], [tensor("attention", 32, 32, 1), MAIN]))[0] == "main"
    assert preferred(net([tensor("z", 64)], [tensor("again", 64), AUX]))[0] == "aux"
    assert preferred(net([image], [AUX, LARGE, MAIN]), "aux")[0] == "aux"
    with pytest.raises(InputError, match=r"--output-name mian: .*did you mean 'main'"):
        preferred(net([image], [AUX, MAIN]), "mian")


@pytest.mark.parametrize(("size", "side"), [((), 128), ((16, 24), 16)])
def test_of_free_sizes_the_net_tells_which_output_is_the_inputs(
    size: tuple[int, ...], side: int
) -> None:
    """Tried at the size that the user gives."""
    free = [tensor(name, None, None, 3) for name in ("up", "main")]
    part = SimpleNamespace(info=net([tensor("x", None, None, 3)], free))

    def outputs_at(inputs: Any) -> Any:
        _, height, width, channels = inputs[0].shape
        assert height == side
        return [((1, scale * height, scale * width, channels), "float32") for scale in (2, 1)]

    part.outputs_at = outputs_at
    parts: Any = {"net": part}
    assert [t.name for t in arranged(parts, None, (), size)["net"].outputs] == ["main", "up"]


def test_extra_outputs_are_compared_too() -> None:
    info = net([tensor("x", 32, 32, 3, source=0)], [MAIN, tensor("x", 16, 16, 3, source=1)])
    _, model = detected(net=info)
    signatures = with_extra(model.signatures, {"net": info}, ["x"])
    outputs = signatures["translate"].outputs
    assert [(t.name, t.role) for t in outputs] == [("sample", "sample"), ("x", "extra")]
    family, _ = member(model.replace(signatures=signatures))
    named = family.outputs("translate", {"sample": 1, "x": 2})  # type: ignore[dict-item]
    assert named == {"translate": 1, "translate/x": 2}
    assert family.output_tensor(family.model, "translate/x").role == "extra"


def test_names_of_one_signature_are_told_apart() -> None:
    info = net([tensor("image", 32, 32, 3)], [MAIN, tensor("image", 16, 16, 3, source=1)])
    signature: Signature = detected(net=info)[1].signatures["translate"]
    (made,) = with_extra({"translate": signature}, {"net": info}, ["image"]).values()
    assert [t.name for t in made.outputs] == ["sample", "image_2"]

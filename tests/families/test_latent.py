"""Latent generators: what is drawn, in which order, and how labels are fed."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.data.rng import Random
from edgekit.errors import InputError
from edgekit.model import Model, Settings

from .fakes import detected, member, net, paint, tensor, with_classes

SAMPLE = tensor("sample", 8, 8, 1)


def generator(*inputs: Any, **more: Any) -> Model:
    name, model = detected(net=net(inputs, [SAMPLE], **more))
    assert name == "latent"
    return model


def drawn(**inputs: NDArray[Any]) -> NDArray[Any]:
    """A net that shows all its inputs."""
    return paint(np.concatenate([x.reshape(len(x), -1) for x in inputs.values()], axis=1), 8)


PLAIN = generator(tensor("noise", 4))
INDEX = generator(tensor("noise", 4), tensor("label", 1, dtype="int32"), classes={"label": 3})
ONE_HOT = generator(tensor("noise", 4), tensor("label", 3))


def test_generate_gives_count_samples_of_the_nets_output() -> None:
    family, runner = member(PLAIN, generate=drawn)
    images = family.generate(5, seed=7)
    assert images.shape == (5, 8, 8, 1)
    assert np.array_equal(runner.calls[0][1]["z"], Random(7).normal((5, 4)))


def test_the_latents_of_a_seed_are_pinned() -> None:
    z = member(PLAIN)[0].draw(1, seed=7)["z"]
    expected = ["0x1.468b66p-2", "0x1.440db8p+0", "0x1.83f1bp-1", "-0x1.826b3cp-1"]
    assert z.tolist() == [[float.fromhex(value) for value in expected]]


def test_draws_depend_on_the_seed_alone() -> None:
    family, _ = member(INDEX)
    first, again, other = family.draw(6, 1), family.draw(6, 1), family.draw(6, 2)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["z"], other["z"])
    more = family.draw(9, 1)
    assert all(np.array_equal(first[name], more[name][:6]) for name in first)


def test_a_uniform_prior_fills_minus_one_to_one() -> None:
    family, _ = member(PLAIN.replace(settings=Settings(prior="uniform")))
    z = family.draw(500, 0)["z"]
    assert z.dtype == np.float32
    assert -1 < z.min() < -0.99
    assert 0.99 < z.max() < 1


def test_two_latents_are_independent() -> None:
    model = generator(tensor("noise", 4), tensor("detail", 4))
    draws = member(model)[0].draw(50, 0)
    assert set(draws) == {"noise", "detail"}
    assert abs(np.corrcoef(draws["noise"].ravel(), draws["detail"].ravel())[0, 1]) < 0.2


def test_labels_alternate_and_wrap() -> None:
    assert member(INDEX)[0].draw(5, 0)["label"].tolist() == [[0], [1], [2], [0], [1]]
    one_hot = member(ONE_HOT)[0].draw(4, 0)["label"]
    assert one_hot.dtype == np.float32
    assert one_hot.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("label", [1.0, True, "1"])
def test_a_label_is_a_whole_number(label: Any) -> None:
    with pytest.raises(InputError, match=f"label is {label!r}; a label is a whole number, 0 to 2"):
        member(INDEX)[0].generate(1, label=label)


def test_labels_of_rank_one() -> None:
    model = generator(tensor("noise", 4), tensor("label", dtype="int32"), classes={"label": 3})
    assert member(model)[0].draw(4, 0)["label"].tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("model", [INDEX, ONE_HOT])
def test_a_label_is_given_to_every_row(model: Model) -> None:
    family, runner = member(model, generate=drawn)
    family.generate(3, label=2)
    expected = [2] if model is INDEX else [0, 0, 1]
    assert runner.calls[0][1]["label"].tolist() == [expected] * 3


@pytest.mark.parametrize("label", [-1, 3])
@pytest.mark.parametrize("model", [INDEX, ONE_HOT])
def test_a_label_that_is_none(model: Model, label: int) -> None:
    with pytest.raises(InputError, match=rf"label {label} is not in 0…2"):
        member(model, generate=drawn)[0].generate(label=label)


def test_a_label_for_a_net_without() -> None:
    with pytest.raises(InputError, match="takes no class label"):
        member(PLAIN, generate=drawn)[0].generate(label=0)


def test_an_index_of_unknown_size_asks_for_it() -> None:
    model = generator(tensor("noise", 4), tensor("label", 1, dtype="int32"))
    with pytest.raises(InputError, match=r"input 'label'.*give --classes N"):
        member(model)[0].draw(2, 0)
    assert member(with_classes(model, 2))[0].draw(3, 0)["label"].tolist() == [[0], [1], [0]]


def test_classes_are_detected() -> None:
    assert PLAIN.settings.classes is None
    assert INDEX.settings.classes == 3  # of the embedding
    assert ONE_HOT.settings.classes == 3  # the width


def test_rows_of_data_stand_in_for_draws() -> None:
    rows = np.arange(12, dtype=np.float64).reshape(3, 4)
    z = member(PLAIN)[0].draw(2, 0, {"z": rows})["z"]
    assert z.dtype == np.float32
    assert np.array_equal(z, rows[:2])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"noise": np.zeros((3, 4))}, "is an npz with 'z'; got 'noise'"),
        ({"z": np.zeros((3, 5))}, r"data for input 'z' is \(3, 5\), expected \('N', 4\)"),
        ({"z": np.full((3, 4), np.nan)}, "'z' holds NaN or infinite values"),
    ],
)
def test_wrong_data(data: dict[str, NDArray[Any]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        member(PLAIN)[0].draw(2, 0, data)


def test_trial_runs_the_given_draws() -> None:
    family, _ = member(INDEX, generate=drawn)
    draws = family.draw(4, 3)
    outputs = family.trial(draws)
    assert list(outputs) == ["generate"]
    assert np.array_equal(outputs["generate"], family.generate(4, seed=3))
    assert family.shown(INDEX) == "generate"
    assert family.output_tensor(INDEX, "generate").name == "sample"


def test_it_transforms_no_images() -> None:
    with pytest.raises(InputError, match="take no input images: use generate"):
        member(PLAIN)[0].transform(np.zeros((1, 8, 8, 1)))


def test_too_little_data_shortens_what_is_drawn_beside_it() -> None:
    draws = member(INDEX)[0].draw(8, 0, {"z": np.zeros((3, 4))})
    assert {name: len(rows) for name, rows in draws.items()} == {"z": 3, "label": 3}


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        (["noise", "label", "class_label"], ["z", "label", "class_label"]),
        (["noise", "z"], ["noise", "z"]),
        (["noise", "second_noise"], ["noise", "second_noise"]),
        (["keras_tensor_3", "input_7"], ["z", "z_2"]),  # nobody named them
    ],
)
def test_every_input_has_a_name_of_its_own(inputs: list[str], names: list[str]) -> None:
    model = generator(*[tensor(name, 4) for name in inputs])
    assert [t.name for t in model.signatures["generate"].inputs] == names
    assert set(member(model)[0].draw(2, 0)) == set(names)


def test_a_one_hot_label_has_as_many_classes_as_it_is_wide() -> None:
    with pytest.raises(InputError, match="'label' is a one-hot row of 3 classes, not 2"):
        member(with_classes(ONE_HOT, 2))[0].draw(2, 0)


def test_labels_of_different_width() -> None:
    model = generator(tensor("noise", 4), tensor("class", 3), tensor("style", 2))
    draws = member(model)[0].draw(4, 0)
    assert draws["class"].argmax(1).tolist() == [0, 1, 2, 0]
    assert draws["style"].argmax(1).tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 1, 1)])
def test_one_hot_labels_as_images_of_one_pixel(shape: tuple[int, ...]) -> None:
    model = generator(tensor("noise", 4), tensor("label", *shape))
    draws = member(model)[0].draw(2, 0)
    assert draws["label"].shape == (2, *shape)
    assert draws["label"].reshape(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("operation", ["encode", "decode", "reconstruct"])
def test_what_the_family_has_instead_is_told(operation: str) -> None:
    with pytest.raises(InputError, match=f"^latent nets have no {operation}: use generate$"):
        getattr(member(PLAIN, generate=drawn)[0], operation)(np.zeros((1, 8)))


@pytest.mark.parametrize("count", [0, -1, 2.5, None])
def test_a_count_that_is_none(count: Any) -> None:
    with pytest.raises(InputError, match=rf"^count is {count}; it must be a whole number, 1 or"):
        member(PLAIN, generate=drawn)[0].generate(count)


@pytest.mark.parametrize("name", ["seed", "count", "label"])
def test_an_input_called_like_an_argument_can_be_given(name: str) -> None:
    inputs = [tensor("noise", 4), tensor(name, 6, 2)]
    _, model = detected(net=net(inputs, [SAMPLE]))
    family, runner = member(model, generate=drawn)
    given = np.ones((2, 6, 2), np.float32)
    family.generate(2, **{f"{name}_input": given})
    np.testing.assert_array_equal(runner.calls[-1][1][f"{name}_input"], given)

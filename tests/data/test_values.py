"""Samples brought into the range and type of an input: never wrapped, never silently out of it."""

from typing import Any

import numpy as np
import pytest

from edgekit.data.values import cast, check_values, rescaled
from edgekit.errors import InputError
from edgekit.measure.fidelity import relative_error
from edgekit.model import Model, Signature, Tensor
from edgekit.original.ranges import with_given_ranges, with_type_ranges


def image(dtype: str = "float32", span: tuple[float, float] | None = None) -> Tensor:
    return Tensor(name="image", shape=(1, 2, 2, 1), dtype=dtype, range=span)


def rows(*values: float, dtype: Any = np.float32) -> Any:
    return np.resize(np.array(values, dtype), (1, 2, 2, 1))


def test_integers_are_rounded_and_saturated_instead_of_cut_and_wrapped() -> None:
    assert cast(np.array([-3.0, 1.6, 254.5001, 300.0]), "uint8").tolist() == [0, 2, 255, 255]
    assert cast(np.array([-300, 300]), "int8").tolist() == [-128, 127]
    assert cast(np.array([0.2, 0.7, 1.0]), "bool").tolist() == [False, True, True]
    assert cast(np.array([1.5]), "float32").dtype == np.float32


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("given", ["float16", "float32", "float64"])
def test_wide_integers_are_saturated_too(given: str, dtype: str) -> None:
    """Their limits are rounded up in floats, and would wrap."""
    limits, most = np.iinfo(dtype), np.inf if given == "float16" else 1e30
    found = cast(np.array([-most, 7.0, most], given), dtype)
    assert found.dtype == dtype
    assert found.tolist() == [limits.min, 7, limits.max]


def test_integers_of_another_sign() -> None:
    assert cast(np.array([0, 200], np.uint8), "int8").tolist() == [0, 127]
    assert cast(np.array([2**64 - 1], np.uint64), "int64").tolist() == [2**63 - 1]
    assert cast(np.array([-1, 5]), "uint64").tolist() == [0, 5]
    assert cast(np.array([True, False]), "int32").tolist() == [1, 0]


def test_samples_go_from_one_range_to_another() -> None:
    assert rescaled(np.array([-1.0, 0.0, 1.0]), (-1, 1), (0, 255)).tolist() == [0, 127.5, 255]
    assert rescaled(np.array([5.0]), None, (0, 1)).tolist() == [5.0]


@pytest.mark.parametrize(
    ("tensor", "given", "taken"),
    [
        (image("uint8", (0, 255)), rows(7, 255, dtype=np.uint8), [7, 255]),
        (image("uint8", (0, 255)), rows(7, 255), [7, 255]),
        (image("int8", (-128, 127)), rows(0, 255, dtype=np.uint8), [-128, 127]),
        (image("int32", (0, 255)), rows(7, 255, dtype=np.uint8), [7, 255]),
        (image("bool", (0, 1)), rows(0, 1, dtype=np.uint8), [False, True]),
        (image("bool", (0, 1)), rows(0, 255, dtype=np.uint8), [False, True]),
        (image("float32", (-1, 1)), rows(0, 255, dtype=np.uint8), [-1, 1]),
        (image("float32", (0, 1)), rows(-0.09, 1.09), [-0.09, 1.09]),
        (Tensor(name="z", shape=(1, 2, 2, 1), role="latent", range=(0, 1)), rows(9), [9, 9]),
    ],
)
def test_what_an_input_takes(tensor: Tensor, given: Any, taken: list[Any]) -> None:
    found = check_values(tensor, given)
    assert found.dtype == tensor.dtype
    assert found.ravel()[:2].tolist() == pytest.approx(taken)


@pytest.mark.parametrize(
    ("tensor", "given", "both"),
    [
        (image("float32", (0, 1)), rows(0, 255), "values 0…255, the net takes 0…1;"),
        (image("float32", (0, 1)), rows(-0.11, 1), "values -0.11…1, the net takes 0…1;"),
        (image("float32", (0, 255)), rows(0, 281), "values 0…281, the net takes 0…255;"),
        (image("float32", (0, 1)), rows(0, 2, dtype=int), "integers 0…2, the net takes 0…1;"),
        (image("uint8", (0, 255)), rows(0, 0.5), "the net takes whole numbers 0…255"),
        (image("uint8", (0, 255)), rows(0, 256), "values 0…256, the net takes 0…255;"),
        (image("int32", (0, 255)), rows(-1, 9, dtype=int), "integers -1…9, the net takes 0…255;"),
    ],
)
def test_what_it_refuses_names_both_ranges(tensor: Tensor, given: Any, both: str) -> None:
    with pytest.raises(InputError, match=both):
        check_values(tensor, given)


def model(dtype: str, made: str = "float32") -> Model:
    inputs = (Tensor(name="image", shape=(1, 8, 8, 3), dtype=dtype),)
    outputs = (Tensor(name="sample", shape=(1, 8, 8, 3), dtype=made),)
    signatures = {"translate": Signature(part="net", inputs=inputs, outputs=outputs)}
    return Model(kind="original", family="image-to-image", signatures=signatures, files={})


@pytest.mark.parametrize(
    ("dtype", "span", "remarked"),
    [
        ("uint8", (0, 255), False),
        ("bool", (0, 1), False),
        ("int8", (-128, 127), True),
        ("int32", (0, 255), True),
        ("float32", None, False),
    ],
)
def test_integer_samples_have_the_range_of_their_type(
    dtype: str, span: tuple[float, float] | None, remarked: bool
) -> None:
    remarks: list[str] = []
    signature = with_type_ranges(model(dtype, made="uint8"), remarks).signatures["translate"]
    assert signature.inputs[0].range == span
    assert signature.outputs[0].range == (0, 255)
    assert bool(remarks) == remarked


def test_the_user_may_narrow_a_type_but_not_widen_it() -> None:
    narrow = with_given_ranges(model("int16"), (0.0, 1023.0), None)
    assert with_type_ranges(narrow, []).signatures["translate"].inputs[0].range == (0, 1023)
    with pytest.raises(InputError, match=r"uint8, which cannot hold -1…1"):
        with_given_ranges(model("uint8"), (-1.0, 1.0), None)


def test_differences_of_integers_do_not_wrap_and_one_step_is_no_error() -> None:
    reference = {"y": np.full((1, 8, 8, 3), 100, np.uint8)}
    below = {"y": np.full((1, 8, 8, 3), 99, np.uint8)}
    assert relative_error(reference, below) == 0
    far = {"y": np.full((1, 8, 8, 3), 90, np.uint8)}
    assert relative_error(reference, far) == pytest.approx(9 / 100)
    assert relative_error({"y": np.ones(4, bool)}, {"y": np.ones(4, bool)}) == 0


def test_classes_may_differ_where_they_were_tied_but_not_everywhere() -> None:
    reference, tied = np.full((1, 64, 64, 1), 3), np.full((1, 64, 64, 1), 3)
    tied[0, 0, :3] = 17
    assert relative_error({"y": reference}, {"y": tied}) == 0
    tied[0, 0] = 17
    assert relative_error({"y": reference}, {"y": tied}) > 1

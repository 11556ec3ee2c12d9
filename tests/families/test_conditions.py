"""Whole numbers that a net takes beside its samples: time steps, classes."""

from typing import Any

import numpy as np
import pytest

from edgekit.data.values import check_values
from edgekit.domain import parse_domain
from edgekit.errors import InputError
from edgekit.model import Tensor

STEP = Tensor(name="t", shape=(1, 1), dtype="int32", role="condition",
              domain=(parse_domain("integers:0..99"),))  # fmt: skip


@pytest.mark.parametrize("value", [0, 99, 7.0, np.uint8(3), np.int64(99)])
def test_numbers_of_the_domain_are_taken(value: Any) -> None:
    assert check_values(STEP, np.full((2, 1), value)).shape == (2, 1)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            100,
            "input 't' holds 100…100, it was converted for 0…99; convert again",
        ),
        (5000, "holds 5000…5000"),
        (-1, "holds -1…-1"),
        (5.5, r"takes whole numbers \(int32\)"),
        ("a", "holds <U1, expected int32"),
        (float("nan"), "NaN or infinite"),
    ],
)
def test_others_are_refused(value: Any, message: str) -> None:
    """An embedding has no row for them, and an engine takes the nearest without a word."""
    with pytest.raises(InputError, match=message):
        check_values(STEP, np.full((2, 1), value))


def test_what_has_no_domain_is_bounded_by_its_type_alone() -> None:
    free = Tensor(name="t", shape=(1, 1), dtype="int32", role="condition")
    assert check_values(free, np.array([[123456]])).max() == 123456
    real = Tensor(name="t", shape=(1, 1), role="condition", domain=STEP.domain)
    assert check_values(real, np.array([[5.5]])).max() == 5.5

"""Domains: how they are written, what they draw, and that they draw alike on every machine."""

import msgspec
import numpy as np
import pytest

from edgekit.data.rng import Random
from edgekit.domain import Domain, parse_domain
from edgekit.errors import InputError
from edgekit.families._draw import drawn

WRITTEN = [
    ("normal", Domain("normal")),
    ("normal:0.5,0.02", Domain("normal", mean=0.5, deviation=0.02)),
    ("uniform:-1..1", Domain("uniform", range=(-1, 1))),
    ("uniform:1e-3..80", Domain("uniform", range=(0.001, 80))),
    ("integers:0..999", Domain("integers", range=(0, 999))),
    ("mask", Domain("mask")),
    ("mask:0..11", Domain("mask", range=(0, 11))),
    ("one-hot", Domain("one-hot")),
    ("one-hot:128..137", Domain("one-hot", columns=(128, 137))),
    ("uniform:-1..1@72..73", Domain("uniform", range=(-1, 1), columns=(72, 73))),
]


@pytest.mark.parametrize(("text", "domain"), WRITTEN)
def test_domains_are_written_as_they_are_read(text: str, domain: Domain) -> None:
    assert parse_domain(text) == domain
    assert parse_domain(str(domain)) == domain
    assert msgspec.json.decode(msgspec.json.encode(domain), type=Domain) == domain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "write integers:0..999"),
        ("intgers:0..9", "no distribution 'intgers'; did you mean 'integers'"),
        ("integers", "integers needs a range, such as integers:0..1"),
        ("integers:0.5..9", "whole numbers"),
        ("integers:0,9", "not of the form"),
        ("uniform:1..0", "range 1..0 is none"),
        ("uniform:0..nan", "not of the form"),
        ("uniform:0..1e999", "is none"),
        ("normal:0..1", "not of the form"),
        ("normal:0,0", "deviation above 0"),
        ("one-hot:9..3", "columns 9..3 are none"),
        ("one-hot:-3..3", "not of the form"),
        ("mask@x", "not of the form"),
        ("uniform:٣..٤", "not of the form"),
    ],
)
def test_what_is_no_domain(text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"^domain '.*{message}"):
        parse_domain(text)


def test_draws_are_a_function_of_the_random_numbers_alone() -> None:
    """docs/bundle.md has the formulas: here they are in plain Python."""
    u = Random(7, stream=2).uniform((5, 4))
    for text, expected in (
        ("uniform:0.01..80", [[0.01 + (80 - 0.01) * x for x in row] for row in u.tolist()]),
        ("integers:-2..7", [[int(x * 10) - 2 for x in row] for row in u.tolist()]),
    ):
        values = drawn((5, 4), [parse_domain(text)], "normal", Random(7, stream=2))
        assert values.tolist() == expected


def test_integers_take_both_ends_and_nothing_else() -> None:
    values = drawn((4000,), [parse_domain("integers:3..6")], "normal", Random(0))
    found, counts = np.unique(values, return_counts=True)
    assert found.tolist() == [3, 4, 5, 6]
    # Five standard deviations of a binomial count of 4000 with p = 1/4.
    assert (np.abs(counts - 1000) < 5 * np.sqrt(4000 * 0.25 * 0.75)).all()


def test_a_domain_changes_its_own_columns_only() -> None:
    plain = drawn((6, 10), [], "normal", Random(3))
    parts = [parse_domain("one-hot:2..5"), parse_domain("uniform:0..1@8..9")]
    rows = drawn((6, 10), parts, "normal", Random(3))
    assert np.array_equal(rows[:, [0, 1, 6, 7]], plain[:, [0, 1, 6, 7]])
    assert rows[:, 2:6].argmax(1).tolist() == [0, 1, 2, 3, 0, 1]
    assert rows[:, 2:6].sum(1).tolist() == [1] * 6
    assert np.array_equal(rows[:, 8:], Random(3).uniform((6, 10))[:, 8:])


@pytest.mark.parametrize("shape", [(3, 1, 1, 5), (3, 5, 1, 1), (3, 5)])
def test_a_class_stands_on_the_axis_of_the_vector(shape: tuple[int, ...]) -> None:
    rows = drawn(shape, [parse_domain("one-hot")], "normal", Random(0)).reshape(3, 5)
    assert rows.tolist() == np.eye(5)[:3].tolist()


@pytest.mark.parametrize("text", ["mask", "mask:0..11", "one-hot", "normal:3,2", "integers:0..5"])
@pytest.mark.parametrize("shape", [(8, 16, 12, 4), (8, 50, 4), (8, 6, 5, 4, 4)])
def test_more_rows_begin_with_the_same(text: str, shape: tuple[int, ...]) -> None:
    few, many = (
        drawn((count, *shape[1:]), [parse_domain(text)], "normal", Random(1)) for count in (3, 8)
    )
    assert many.shape == shape
    assert np.array_equal(many[:3], few)


def test_masks_are_regions_of_zeros_and_ones() -> None:
    masks = drawn((40, 32, 32, 1), [parse_domain("mask")], "normal", Random(5))
    assert set(np.unique(masks)) == {0, 1}
    assert 0.2 < masks.mean() < 0.8
    # Noise would change at every second pixel.
    assert (np.diff(masks, axis=1) != 0).mean() < 0.1


def test_label_maps_name_one_class_for_each_pixel() -> None:
    maps = drawn((20, 16, 16, 12), [parse_domain("one-hot")], "normal", Random(5))
    assert (maps.sum(-1) == 1).all()
    assert maps.any(axis=(0, 1, 2)).all()  # every class is somewhere

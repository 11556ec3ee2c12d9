"""What of the user's data is used."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.original.reference import nudged, rows_used, split

COUNTS = st.integers(1, 60)


@given(total=st.integers(1, 300), samples=COUNTS, calibration=COUNTS)
def test_rows_further_on_make_no_difference(total: int, samples: int, calibration: int) -> None:
    """As if all of them had been read."""
    rows = np.arange(total)
    taken = []
    for some in (rows, rows[: rows_used(samples, calibration)]):
        first, last = split({"z": some}, samples)
        assert first and last
        taken.append((first["z"][:samples].tolist(), last["z"][:calibration].tolist()))
    assert taken[0] == taken[1]


def test_floats_are_nudged_by_one_ulp_and_whole_numbers_keep_their_class() -> None:
    floats = np.array([0, 3, -3, 0.7], np.float32)
    found = nudged({"z": floats, "label": np.arange(3), "mask": np.array([True, False])})
    assert found["z"].dtype == np.float32
    assert np.array_equal(np.abs(found["z"] - floats), np.spacing(np.abs(floats)) * [0, 1, 1, 1])
    assert np.array_equal(found["z"].astype(int), floats.astype(int))
    assert np.array_equal(found["label"], np.arange(3))
    assert found["mask"].tolist() == [True, False]

"""What of the user's data is used."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.reference import rows_used, split

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

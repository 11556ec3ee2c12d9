"""The Pareto front against its definition."""

from hypothesis import given
from hypothesis import strategies as st

from edgekit.pareto import front

POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), max_size=12)


@given(POINTS)
def test_what_is_left_out_is_beaten_by_what_is_kept(points: list[tuple[int, ...]]) -> None:
    kept = front(points, lambda point: tuple(map(float, point)))
    assert [point for point in points if point in kept] == kept, "in their order, equal ones too"
    for point in points:
        beaten = any(
            all(a <= b for a, b in zip(other, point, strict=True)) and other != point
            for other in points
        )
        assert (point in kept) is not beaten
        assert point in kept or any(
            all(a <= b for a, b in zip(other, point, strict=True)) for other in kept
        )


def test_of_nothing_nothing_is_left() -> None:
    assert front([], lambda item: (0.0,)) == []

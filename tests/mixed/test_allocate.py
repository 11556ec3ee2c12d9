"""Assignments of precisions against trying them all."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.errors import PassError
from edgekit.mixed.allocate import (
    front,
    least,
    loosest,
    predicted,
    proposal,
    solve,
    spread,
    undominated,
)
from edgekit.mixed.sensitivity import FLOAT, Cost, Group, Sensitivity, grouped

costs = st.builds(
    Cost,
    noise=st.floats(1e-6, 1.0),
    size=st.integers(-900, 300),
    time=st.floats(-0.9, 0.2),
)
groups = st.lists(st.dictionaries(st.sampled_from(["w8", "w4", "w8a8"]), costs), min_size=1,
                  max_size=4)  # fmt: skip


def measured(found: list[dict[str, Cost]]) -> Sensitivity:
    return Sensitivity(
        size=4000,
        time=4.0,
        groups=tuple(
            Group(layers=(f"layer{k}", f"twin{k}"), costs={FLOAT: Cost(), **each})
            for k, each in enumerate(found)
        ),
    )


@settings(max_examples=60, deadline=None)
@given(groups, st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_no_other_assignment_within_the_budget_has_less_noise(
    found: list[dict[str, Cost]], size: float, time: float
) -> None:
    sensitivity = measured(found)
    max_size, max_time = 4000 * size, 4.0 * time
    everything = [
        [group.costs[name] for group, name in zip(sensitivity.groups, names, strict=True)]
        for names in product(*(group.costs for group in sensitivity.groups))
    ]
    allowed = [
        sum(cost.noise for cost in chosen)
        for chosen in everything
        if 4000 + sum(cost.size for cost in chosen) <= max_size
        and 4.0 + sum(cost.time for cost in chosen) <= max_time
    ]
    assignment = solve(sensitivity, max_size, max_time)
    if assignment is None:
        assert not allowed
        return
    assert predicted(sensitivity, assignment, "size") <= max_size + 1e-3
    assert predicted(sensitivity, assignment, "time") <= max_time + 1e-6
    # 1e-5 of the worst noise: what the solver calls equal, and what breaks ties.
    assert predicted(sensitivity, assignment, "noise") <= min(allowed) + 1e-5


def test_layers_of_a_group_share_their_precision() -> None:
    sensitivity = measured([{"w8": Cost(noise=0.1, size=-3000)}])
    assert solve(sensitivity, 2000, 9.0) == {"layer0": "w8", "twin0": "w8"}


def test_the_front_goes_from_small_to_faithful() -> None:
    sensitivity = measured(
        [{"w8": Cost(noise=0.01 * k, size=-700), "w4": Cost(noise=0.1 * k, size=-900)}
         for k in (1, 2, 3, 4)]
    )  # fmt: skip
    assignments = front(sensitivity, 5)
    sizes = [predicted(sensitivity, one, "size") for one in assignments]
    noises = [predicted(sensitivity, one, "noise") for one in assignments]
    assert len(assignments) == 5
    assert sizes == sorted(sizes)
    assert noises == sorted(noises, reverse=True)
    assert sizes[0] == least(sensitivity, "size")


def test_a_leap_in_decibels_between_neighbours_in_size_is_shown() -> None:
    costs = [Cost(noise=0.01, size=-2000 + k) for k in range(9)]
    costs += [Cost(noise=1e-4, size=-1990), Cost(noise=1e-6, size=-500)]
    names = [f"w{k}" for k in range(len(costs))]
    sensitivity = measured([dict(zip(names, costs, strict=True))])
    ranked = [{"layer0": name, "twin0": name} for name in names]
    assert spread(sensitivity, ranked, 3) == [0, 9, 10]


def test_what_another_is_expected_to_beat_is_not_built() -> None:
    good, worse = Cost(noise=0.1, size=-2000, time=-2.0), Cost(noise=0.2, size=-1000, time=-1.0)
    sensitivity = measured([{"w8": good, "w4": worse}])
    solved = [dict.fromkeys(("layer0", "twin0"), name) for name in ("w8", "w4")]
    assert undominated(sensitivity, solved) == solved[:1]


def test_limits_that_nothing_meets_are_refused_with_what_could_be_had() -> None:
    layer = {"w8": Cost(noise=0.1, size=-100, time=-1.0)}
    with pytest.raises(PassError, match=r"smallest takes about 3.9 kB, the fastest 3 s"):
        front(measured([layer]), 5, max_size=100)


@pytest.mark.parametrize("time", [0.1, -0.1])
@pytest.mark.parametrize("max_size", [None, 4100.0])
def test_a_net_that_every_precision_makes_larger_stays_float(
    time: float, max_size: float | None
) -> None:
    layer = {"w8": Cost(noise=0.1, size=50, time=time)}
    assert front(measured([layer]), 5, max_size) == [{}]


def test_a_net_whose_layers_take_no_precision_is_refused() -> None:
    with pytest.raises(PassError, match="leave out --recipe mixed"):
        front(measured([{}]), 5)


def test_neighbours_with_the_fewest_weights_are_measured_together() -> None:
    sizes = {"a": 1000, "b": 1, "c": 2, "d": 500, "e": 800}
    assert grouped(sizes, 3) == [["a"], ["b", "c", "d"], ["e"]]
    assert grouped(sizes, 9) == [["a"], ["b"], ["c"], ["d"], ["e"]]


@settings(max_examples=60, deadline=None)
@given(groups, st.sampled_from(["size", "time", "both"]), st.floats(0.0, 1.0))
def test_a_proposal_is_within_the_limits_and_tightens_what_it_can(
    found: list[dict[str, Cost]], what: str, part: float
) -> None:
    all_costs = measured(found)
    limits = loosest(all_costs, None, None)
    made = proposal(all_costs, what, part, limits)
    assert predicted(all_costs, made, "time") <= limits[1] + 1e-6
    loose = proposal(all_costs, what, 0.0, limits)
    assert predicted(all_costs, made, "noise") >= predicted(all_costs, loose, "noise") - 1e-6


def test_no_proposal_beyond_the_limits() -> None:
    with pytest.raises(PassError, match="no assignment of precisions takes at most"):
        proposal(measured([{"w8": Cost(noise=0.1, size=-10)}]), "size", 1.0, (5.0, 4.0))

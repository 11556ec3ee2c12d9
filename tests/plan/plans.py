"""Plans of built-in targets and recipes, by name."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.plan import target
from edgekit.plan.asked import resolve
from edgekit.plan.plan import TargetPlan, plan_for


def planned(name: str, recipes: Sequence[str], *engines: str) -> TargetPlan:
    """What recipes mean for a target, on these of its engines; on its first without any."""
    found = target.load(name)
    found = found.only(engines or found.engines[:1])
    return plan_for(name, found, [resolve(each) for each in recipes])

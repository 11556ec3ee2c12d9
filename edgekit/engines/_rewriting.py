"""What the passes that rewrite graphs share: in turn until nothing matches, and what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from types import ModuleType

from edgekit.errors import PassError
from edgekit.typed import Typed

ROUNDS = 50  # a bound, should rewrites undo each other


class Applied(Typed, frozen=True):
    """How often a rewrite was applied, and the ops, by kind, that went and came."""

    rewrite: str
    count: int
    before: dict[str, int]
    after: dict[str, int]


class Change(Typed, frozen=True):
    """What one rewrite did everywhere in a graph."""

    count: int
    went: dict[str, int]
    came: dict[str, int]


def until_none_matches(
    rewrites: Mapping[str, ModuleType], everywhere: Callable[[ModuleType], Change]
) -> list[Applied]:
    """Apply all rewrites in turn, since one opens another; tells what was done, in order.

    Raises:
        PassError: there is no end, because some rewrites undo each other, or one itself.
    """
    done: dict[str, Applied] = {}
    for _ in range(ROUNDS):
        found = {}
        for name, module in rewrites.items():
            change = everywhere(module)
            if change.count:
                found[name] = Applied(name, change.count, change.went, change.came)
        if not found:
            return list(done.values())
        for name, applied in found.items():
            done[name] = together(done[name], applied) if name in done else applied
    names = ", ".join(found)
    raise PassError(f"no end after {ROUNDS} rounds of {names}; leave one of them out")


def together(first: Applied, second: Applied) -> Applied:
    """What two rounds of a rewrite did."""
    return Applied(
        rewrite=first.rewrite,
        count=first.count + second.count,
        before=dict(Counter(first.before) + Counter(second.before)),
        after=dict(Counter(first.after) + Counter(second.after)),
    )

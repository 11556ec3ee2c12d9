"""The Pareto front: what nothing else matches or beats in all goals together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def front(items: Iterable[T], goals: Callable[[T], tuple[float, ...]]) -> list[T]:
    """Those items, in their order, that no other one beats: in one goal, and in none is worse.

    Args:
        items: what is compared.
        goals: figures of an item, each better when it is lower; of equal ones all are kept.
    """
    pairs = [(item, goals(item)) for item in items]

    def beaten(own: tuple[float, ...]) -> bool:
        return any(
            other != own and all(a <= b for a, b in zip(other, own, strict=True))
            for _, other in pairs
        )

    return [item for item, own in pairs if not beaten(own)]

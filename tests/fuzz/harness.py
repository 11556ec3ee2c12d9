"""Tries a reader on many inputs: it answers or says one line, soon, and leaves nothing behind."""

from __future__ import annotations

import resource
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.errors import LONGEST, EdgekitError

DEFAULT, LONG = 25, 5000
EXAMPLES = pytest.mark.parametrize(
    "examples", [DEFAULT, pytest.param(LONG, marks=pytest.mark.fuzz)]
)
SECONDS = 30  # for one input, on a machine that is busy with other things
MOST_MEMORY = 1 << 20  # kB that reading small files may take

tried: Counter[str] = Counter()
refused: Counter[str] = Counter()


class Hang(BaseException):
    """An input took too long; no `except Exception` may catch it."""


def fuzz(
    kind: str,
    inputs: st.SearchStrategy[Any],
    read: Callable[[Any], object],
    examples: int,
    place: Path,
) -> None:
    """Give a reader so many inputs, which lie in the folder `place`.

    Raises:
        AssertionError: it raised what is no EdgekitError of one line, took too much memory, or
            wrote outside of `place`.
    """

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def each(value: Any) -> None:
        tried[kind] += 1
        with limited():
            try:
                read(value)
            except EdgekitError as error:
                refused[kind] += 1
                assert one_line(str(error)), repr(str(error))

    before, memory = around(place), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    each()
    assert around(place) == before
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEMORY


def one_line(message: str) -> bool:
    """Whether a message can be shown as it is."""
    return bool(message) and message.isprintable() and len(message) <= LONGEST


@contextmanager
def limited() -> Iterator[None]:
    """Raise Hang when the block takes too long."""

    def late(number: int, frame: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def around(place: Path) -> set[Path]:
    """All that is two folders above a place, and not in it."""
    found = set(place.parent.parent.rglob("*"))
    return {path for path in found if place not in path.parents}

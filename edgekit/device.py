"""Where an engine runs: made once from a target, and passed to whatever loads an artifact."""

from __future__ import annotations

import os

from edgekit.errors import InputError
from edgekit.typed import Typed

MOST_THREADS = 1 << 10  # that a target or a bundle may ask for
LEAST_THREADS = 16  # that may be asked for, however few cores there are


class Device(Typed, frozen=True):
    """The processor that an engine computes on.

    `kind` is one of those that the engine's runtime declares in DEVICES. `threads` are those of a
    CPU. `options` are settings of the engine itself, by its own names.
    """

    kind: str = "cpu"
    threads: int = 1
    options: dict[str, str] = {}  # noqa: RUF012 - a struct field, copied for each instance

    def __hash__(self) -> int:
        return hash((self.kind, self.threads, *sorted(self.options.items())))

    def here(self, threads: int | None = None) -> Device:
        """This device with so many threads; with None its own, as far as this machine has them.

        Raises:
            InputError: so many cannot be meant.
        """
        if threads is not None:
            check_threads(threads)
        count = max(1, min(self.threads, os.cpu_count() or 1)) if threads is None else threads
        return Device(kind=self.kind, threads=count, options=self.options)


def check_threads(count: int, what: str = "threads") -> None:
    """Check that so many threads can be meant: each costs memory, and the system has only so many.

    Raises:
        InputError: with the bounds.
    """
    cores = os.cpu_count() or 1
    most = max(LEAST_THREADS, 4 * cores)
    if not isinstance(count, int) or not 1 <= count <= most:
        raise InputError(
            f"{what} is {str(count)[:20]}; this machine has {cores} cores, give 1 to {most}"
        )

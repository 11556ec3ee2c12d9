"""What a process may take at most that reads a file of somebody else's; the kernel ends it."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.machine.memory import available_memory
from edgekit.typed import Typed
from edgekit.units import size_text

SHARE = 3 / 4  # of the memory that is free: the rest is for whatever else runs
RATE = 1_000_000  # bytes a second, that the slowest disk gives


class Limits(Typed, frozen=True):
    """Bytes (None: what is free is not known), and seconds without progress."""

    memory: int | None
    seconds: int

    @classmethod
    def of_artifacts(cls, files: Iterable[Path]) -> Limits:
        """Far more than it takes to read and run what an engine loads."""
        size = sum(file.stat().st_size for file in files if file.is_file())
        free = share_of_memory()
        most = (8 << 30) + 20 * size
        return cls(memory=most if free is None else min(free, most), seconds=60 + size // RATE)

    @classmethod
    def of_net(cls, size: int) -> Limits:
        """What is free for a net of so many bytes: its tensors may be far larger than its file.

        One that takes longer to load, or for a few samples, could not be converted in days.
        """
        return cls(memory=share_of_memory(), seconds=600 + size // RATE)


def share_of_memory() -> int | None:
    """Bytes that one process may take; None where what is free is not known."""
    free = available_memory()
    return None if free is None else int(SHARE * free)


def bound(limits: Limits) -> None:
    """Have the kernel end this process when it takes too much."""
    bound_memory(limits)
    signal.setitimer(signal.ITIMER_REAL, limits.seconds, limits.seconds)


def bound_memory(limits: Limits) -> None:
    """Of its own data only: TensorFlow maps gigabytes that it never uses."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if limits.memory is not None and not 0 <= most < limits.memory:
        resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))


@contextmanager
def timed(limits: Limits | None) -> Iterator[None]:
    """The seconds are counted within: of a process that waits for its work."""
    seconds = limits.seconds if limits else 0
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def progress() -> None:
    """Begin to count the seconds anew, in a process that is bound."""
    _, seconds = signal.getitimer(signal.ITIMER_REAL)
    if seconds:
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)


def ended(code: int, limits: Limits | None) -> str:
    """How a process ended that left no word of its own, and what helps."""
    if code >= 0:
        return f"ended with {code}"
    number = signal.Signals(-code)
    if limits and number == signal.SIGALRM:
        return (
            f"was stopped after {limits.seconds} s without progress; a loop in the file may have "
            "no end: save it without"
        )
    if number == signal.SIGKILL:
        return "was killed (SIGKILL), as it is when memory runs out"
    if limits and limits.memory:
        free = size_text(limits.memory)
        return f"crashed ({number.name}), as it may when memory runs out ({free} may be taken)"
    return f"crashed ({number.name})"

"""Steps side by side, or one alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that many hold at once, or one alone.

    Who wants it alone waits for those before it, and those behind it wait too.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = self._waiting = 0
        self._alone = False

    @contextmanager
    def taken(self, *, alone: bool = False) -> Iterator[None]:
        """Hold it while the block runs."""
        with self._changed:
            if alone:
                self._waiting += 1
                try:
                    self._changed.wait_for(lambda: not (self._alone or self._running))
                finally:  # an interrupt too
                    self._waiting -= 1
                    self._changed.notify_all()
                self._alone = True
            else:
                self._changed.wait_for(lambda: not (self._alone or self._waiting))
                self._running += 1
        try:
            yield
        finally:
            with self._changed:
                if alone:
                    self._alone = False
                else:
                    self._running -= 1
                self._changed.notify_all()

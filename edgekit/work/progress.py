"""How a step that takes long tells what it does, and how long it may take."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.machine import limits
from edgekit.typed import Typed

FILE = "progress.json"  # in the folder of the step
FRESH = f".{FILE}"  # until it is written
LOOK = 0.2  # seconds between two looks at it


class Progress(Typed, frozen=True):
    """How much of a step is done (0…1), what it is at, and the seconds left, if that is known."""

    done: float
    what: str
    left: float | None = None


Tell = Callable[[Progress], None]


def report(output: Path, done: float, what: str) -> None:
    """Tell, from within a step, how much of it is done (0…1) and what it is at.

    Args:
        output: the folder of the step.
        done: the share that is done.
        what: in a few words, such as "epoch 3 of 8, loss 0.012".
    """
    limits.progress()
    fresh = output / FRESH
    fresh.write_text(json.dumps({"done": done, "what": what}))
    os.replace(fresh, output / FILE)  # noqa: PTH105 - it is never seen half written


@contextmanager
def watched(output: Path, tell: Tell | None) -> Iterator[None]:
    """While the block runs, hand on what a step tells."""
    clear(output)  # of an earlier process
    ended = threading.Event()
    watcher = threading.Thread(target=watch, args=(output / FILE, tell, ended), daemon=True)
    if tell:
        watcher.start()
    try:
        yield
    finally:
        ended.set()
        if tell:
            watcher.join()
        clear(output)  # no part of the result


def clear(output: Path) -> None:
    """Remove what a step told, also what it was about to when it was killed."""
    for name in (FILE, FRESH):
        (output / name).unlink(missing_ok=True)


def watch(file: Path, tell: Tell, ended: threading.Event) -> None:
    """Tell of every change, with the time left at the pace since the first one."""
    first: tuple[float, float] | None = None
    last = b""
    while True:
        over = ended.wait(LOOK)
        try:
            content = file.read_bytes()
        except OSError:
            content = last
        if content != last:
            last, now = content, time.monotonic()
            told = json.loads(content)
            first = first or (now, told["done"])
            gained = told["done"] - first[1]
            left = (now - first[0]) * (1 - told["done"]) / gained if gained > 0 else None
            tell(Progress(done=told["done"], what=told["what"], left=left))
        if over:
            return

"""Steps for the tests of the work space; they run in its child processes."""

import os
import resource
import sys
import time
from pathlib import Path

from edgekit import errors
from edgekit.machine.limits import progress
from edgekit.typed import Typed
from edgekit.work.progress import report


class Options(Typed):
    """Arguments of a step that are a structure."""

    bits: int = 8


def copy(output: Path, source: Path, log: str, options: Options | None = None) -> None:
    """Copy a file; a line in `log` (no Path, so not part of the identity) tells it was done."""
    with Path(log).open("a") as file:
        file.write("done\n")
    (output / "copy").write_bytes(source.read_bytes())
    (output / "bits").write_text(str(options.bits if options else None))


def slow(output: Path, log: str, seconds: float) -> None:
    """As copy, but not at once."""
    with Path(log).open("a") as file:
        file.write("done\n")
    time.sleep(seconds)


def linger(output: Path, place: str) -> None:
    """Tell the number of this process, and go on for long."""
    Path(place, "new").write_text(str(os.getpid()))
    Path(place, "new").rename(Path(place, "pid"))
    time.sleep(60)


def crash(output: Path) -> None:
    """End as a converter does on a failed assertion."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    (output / "half").write_text("half of the result")
    os.abort()


def take(output: Path, size: int) -> None:
    """Take memory."""
    bytearray(size)


def work(output: Path, seconds: float, told: float) -> None:
    """Take time, and tell of progress so often."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(told)
        progress()


def leave(output: Path, code: int) -> None:
    """End without a word to Python."""
    print("library: fatal error 42", flush=True)
    os._exit(code)


def refuse(output: Path, kind: str) -> None:
    """Raise one of edgekit's errors."""
    raise getattr(errors, kind)(f"refused: {kind}")


def fail(output: Path, kind: str) -> None:
    """Raise what a library might."""
    raise {"key": KeyError("gone"), "memory": MemoryError(), "lines": ValueError("\n one\n two"),
           "own": OSError("Unable to open file (bad superblock)")}[kind]  # fmt: skip


def missing_file(output: Path) -> None:
    """Read a file that is not there."""
    Path("/nonexistent/file").read_text()


def add(output: Path, values: list[int], options: Options) -> int:
    """Return a result."""
    return sum(values) + options.bits


def loaded(output: Path, module: str) -> bool:
    """Tell whether a module was imported before this step began; then change it."""
    known = sys.modules.get(module)
    found = known is not None and not hasattr(known, "left_behind")
    if known:
        known.left_behind = True  # type: ignore[attr-defined]
    return found


def numbers(output: Path) -> list[int]:
    """This process, and the one that made it."""
    return [os.getpid(), os.getppid()]


def units(output: Path, log: str, count: int, fail_at: int = -1) -> None:
    """Many small units of work, each kept when it is done: the squares of numbers, in one file."""
    kept = output / "squares"
    done = kept.read_text().splitlines() if kept.exists() else []
    for number in range(len(done), count):
        with Path(log).open("a") as file:
            file.write(f"{number} {os.getpid()}\n")
        if number == fail_at and not Path(log + ".failed").exists():
            Path(log + ".failed").touch()
            raise errors.PassError(f"unit {number} failed")
        time.sleep(0.01)
        done.append(str(number**2))
        fresh = output / "squares.new"
        fresh.write_text("\n".join(done) + "\n")
        fresh.rename(kept)
        report(output, (number + 1) / count, f"unit {number + 1} of {count}")


def cards(output: Path) -> str | None:
    """Which graphics cards this process may see."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def overlap(output: Path, place: str, name: str) -> int:
    """How many other steps run while this one does."""
    mine = Path(place, name)
    mine.touch()
    seen = 0
    for _ in range(20):
        seen = max(seen, len(list(Path(place).iterdir())))
        time.sleep(0.01)
    mine.unlink()
    return seen - 1

"""The most memory that each step of a conversion took, and the cache that it left.

usage: python -m tests.benchmarks.peak_memory edgekit convert MODEL -t TARGET -r RECIPE -o OUT

`edgekit.machine.capacity` has its figures from this.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

EVERY = 0.2  # seconds; the kernel keeps the peak of each process


def descendants(pid: int) -> list[int]:
    """A process and all that it started, now."""
    found = [pid]
    with suppress(OSError):  # it ended
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in task.read_text().split():
                found += descendants(int(child))
    return found


def step(pid: int) -> tuple[str, int] | None:
    """The title of the step that a process works at, and its peak in bytes."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        status = Path(f"/proc/{pid}/status").read_text()
        job = next(Path(part) for part in command if part.endswith("job.json"))
        title = str(json.loads(job.read_text())["title"])
    except (OSError, StopIteration, ValueError):
        return None
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return (title, int(found[1]) * 1024) if found else None


def main(command: list[str]) -> int:
    """Run the command with an empty cache, and print the table."""
    peaks: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as cache:
        running = subprocess.Popen(command, env=os.environ | {"XDG_CACHE_HOME": cache})
        while running.poll() is None:
            for pid in descendants(running.pid):
                if found := step(pid):
                    peaks[found[0]] = max(peaks.get(found[0], 0), found[1])
            time.sleep(EVERY)
        left = sum(file.stat().st_size for file in Path(cache).rglob("*") if file.is_file())
    for title, peak in peaks.items():
        print(f"{peak / 1e6:8.0f} MB  {title}")
    print(f"{left / 1e6:8.0f} MB  cache")
    return running.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Whether engines that share a process slow each other: `python -m tests.benchmarks.apart A B`.

A and B are bundles, best of two engines. A conversion times candidates in one process, in turns;
here each is also timed alone, in processes that take turns. Prints B's latency as a share of A's,
both ways, and exits 1 when they differ by more than both intervals and 5 %.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from edgekit.candidates.timing import Gap, mean
from edgekit.measure.latency import in_turn, interleaved, signature_call
from edgekit.runtime import load
from edgekit.runtime.runner import EngineRunner

ROUNDS, SECONDS, ALLOWED = 8, 1.0, 0.05


def call(bundle: Path) -> Callable[[], None]:
    """One pass over every signature of a bundle."""
    net = load(bundle)
    assert isinstance(net.runner, EngineRunner)
    return in_turn([signature_call(net.runner, net.model, name) for name in net.model.signatures])


def elsewhere(*bundles: Path) -> list[float]:
    """Seconds of each, as a process of its own measures them together."""
    command = [sys.executable, "-m", "tests.benchmarks.apart", "--here", *map(str, bundles)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(each) for each in json.loads(done.stdout)]


def main(one: Path, other: Path) -> int:
    """Print both ratios; 1 when they are not the same."""
    together, alone = [], []
    for _ in range(ROUNDS):
        first, second = elsewhere(one, other)
        together.append(Gap(math.log(second / first), 0.0))
        first, second = elsewhere(one)[0], elsewhere(other)[0]
        alone.append(Gap(math.log(second / first), 0.0))
    found = {"together": mean(together), "alone": mean(alone)}
    for name, gap in found.items():
        print(f"{name:9} {math.exp(gap.log):.3f} ± {gap.spread:.1%}")
    apart = abs(found["together"].log - found["alone"].log)
    return int(apart > ALLOWED + math.hypot(*(gap.spread for gap in found.values())))


if __name__ == "__main__":
    if sys.argv[1] == "--here":
        calls = [call(Path(bundle)) for bundle in sys.argv[2:]]
        print(json.dumps([each.seconds for each in interleaved(calls, SECONDS)]))
    else:
        sys.exit(main(*map(Path, sys.argv[1:3])))

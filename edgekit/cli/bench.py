"""edgekit bench"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from edgekit.cli._options import Seconds, bundle_argument, json_option
from edgekit.cli._show import emit, table


@click.command("bench", short_help="Time a bundle on this machine, for several thread counts.")
@bundle_argument
@click.option("--threads", default="1", show_default=True, help="Thread counts, such as 1,2,4.")
@click.option(
    "--seconds",
    default=2.0,
    show_default=True,
    type=Seconds(0, 3600, min_open=True),
    metavar="SECONDS",
    help="How long to measure each.",
)
@json_option
def command(bundle: Path, threads: str, seconds: float, as_json: bool) -> None:
    """Time every signature of BUNDLE, thread counts in turns."""
    import msgspec

    from edgekit.device import check_threads
    from edgekit.jobs.validate import bench

    if not re.fullmatch(r"0*[1-9]\d*(,0*[1-9]\d*)*", threads):
        raise click.UsageError(f"--threads '{threads}' is no list such as 1,2")
    counts = list(dict.fromkeys(map(int, threads.split(","))))
    for number in counts:
        check_threads(number)
    cores = os.cpu_count() or 1
    if max(counts) > cores:
        click.echo(f"note: more threads than this machine has cores ({cores}) take turns", err=True)
    timings = bench(bundle, counts, seconds)
    rows = [row(timing, counts) for timing in timings]
    emit(msgspec.to_builtins(timings), as_json, table(rows))


def row(timing: Any, counts: Sequence[int]) -> dict[str, object]:
    """A line of the table; of a single count there is nothing to compare."""
    latency = timing.latency
    compared = {
        f"× {counts[0]} threads": f"{latency.ratio:.2f}",
        "95 %": f"{latency.ratio_low:.2f}…{latency.ratio_high:.2f}",
    }
    return {
        "signature": timing.signature,
        "threads": timing.threads,
        "ms": f"{latency.seconds * 1e3:.3g}",
        **(compared if len(counts) > 1 else {}),
        "noise": f"{latency.noise:.1%}",
        "runs": latency.runs,
    }

"""edgekit bench"""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli._options import bundle_argument, json_option
from edgekit.cli._show import emit, table


@click.command("bench", short_help="Time a bundle on this machine, for several thread counts.")
@bundle_argument
@click.option("--threads", default="1", show_default=True, help="Thread counts, such as 1,2,4.")
@click.option("--seconds", default=2.0, show_default=True, help="How long to measure each.")
@json_option
def command(bundle: Path, threads: str, seconds: float, as_json: bool) -> None:
    """Time every signature of BUNDLE, thread counts in turns."""
    import msgspec

    from edgekit.validate import bench

    try:
        counts = [int(text) for text in threads.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1 or seconds <= 0:
        raise click.UsageError(f"--threads '{threads}' is no list such as 1,2, or --seconds ≤ 0")
    timings = bench(bundle, counts, seconds)
    rows: list[dict[str, object]] = [
        {
            "signature": t.signature,
            "threads": t.threads,
            "ms": f"{t.latency.seconds * 1e3:.3g}",
            f"× {counts[0]} threads": f"{t.latency.ratio:.2f}",
            "95 %": f"{t.latency.ratio_low:.2f}…{t.latency.ratio_high:.2f}",
            "noise": f"{t.latency.noise:.1%}",
            "runs": t.latency.runs,
        }
        for t in timings
    ]
    emit(msgspec.to_builtins(timings), as_json, table(rows))

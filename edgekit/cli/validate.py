"""edgekit validate"""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli._options import bundle_argument, json_option, threads_option
from edgekit.cli._show import emit, table


@click.command("validate", short_help="Check a bundle on this machine: files, fidelity, latency.")
@bundle_argument
@threads_option
@json_option
def command(bundle: Path, threads: int | None, as_json: bool) -> None:
    """Run BUNDLE's golden samples here and compare them with the original's outputs.

    Works on the device: needs only the bundle's engine. Exits 3 when a quality gate is missed.
    """
    import msgspec

    from edgekit.errors import GateError
    from edgekit.jobs.validate import validate
    from edgekit.report.tables import megabytes, milliseconds

    outcome = validate(bundle, threads)
    rows: list[dict[str, object]] = [
        {"check": name, "here": f"{value:.4g}", "at conversion": f"{outcome.converted[name]:.4g}"
         if name in outcome.converted else "–", "gate": outcome.gates.get(name, "–")}
        for name, value in outcome.scores.items()
    ]  # fmt: skip
    then = ""
    if outcome.latency_then:
        then = f"; {milliseconds(outcome.latency_then)} on the converting machine"
    text = "\n".join(
        [
            f"{bundle}: {outcome.files} files intact",
            table(rows),
            *outcome.unchecked,
            "outputs here and on the converting machine "
            + (
                f"differ by at most {outcome.drift:.2g} of the range"
                if outcome.drift
                else "are identical"
            ),
            f"latency {milliseconds(outcome.latency.seconds)} a pass ({outcome.threads} threads, "
            f"noise {outcome.latency.noise:.1%}{then}), memory {megabytes(outcome.memory)}, "
            f"loaded in {outcome.load_seconds * 1e3:.0f} ms",
            "passed" if not outcome.missed else "missed: " + ", ".join(outcome.missed),
        ]
    )
    emit(msgspec.to_builtins(outcome), as_json, text)
    if outcome.missed:
        raise GateError(f"'{bundle}' misses {', '.join(outcome.missed)} on this machine")

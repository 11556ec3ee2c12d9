"""Runs one pass as a step of the work space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit.model import Model
from edgekit.passes import load_pass
from edgekit.passes._context import Context
from edgekit.sources import Trust
from edgekit.typed import convert


def run_pass(
    output: Path,
    name: str,
    engine: str,
    options: dict[str, Any],
    source: Path,
    calibration: Path | None,
    trust: Trust,
) -> None:
    """Apply a pass, of an engine or of none, to the model in `source`, into `output`."""
    module = load_pass(name, engine)
    typed = convert(options, module.Options, f"pass '{name}'")
    ctx = Context(source=source, output=output, calibration=calibration, trust=trust)
    module.run(Model.load(source), typed, ctx).save(output)

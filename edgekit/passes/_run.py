"""Runs one pass as a step of the work space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit import plugin
from edgekit.model import Model
from edgekit.passes._context import Context
from edgekit.sources import Trust
from edgekit.typed import convert


def run_pass(
    output: Path,
    name: str,
    options: dict[str, Any],
    source: Path,
    calibration: Path | None,
    trust: Trust,
) -> None:
    """Apply the pass `name` to the model in `source`; the result lies in `output`."""
    module = plugin.load("passes", name)
    typed = convert(options, module.Options, f"pass '{name}'")
    ctx = Context(source=source, output=output, calibration=calibration, trust=trust)
    module.run(Model.load(source), typed, ctx).save(output)

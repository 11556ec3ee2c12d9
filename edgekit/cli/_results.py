"""What a conversion or a search found, as a table on the terminal."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from edgekit.cli._show import WIDTH, table


def results_table(target: Any, wide: bool, names: Container[str] | None = None) -> str:
    """All results of a target, or those of some names; all columns or what fits a terminal."""
    from edgekit.report.tables import narrow, rows

    kept = [row for row in rows(target) if names is None or row["candidate"] in names]
    if wide:
        return table(kept, target.chosen)
    return table(narrow(kept), target.chosen, WIDTH)

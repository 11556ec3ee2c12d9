"""What commands print: tables, JSON and progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from textwrap import wrap
from typing import Any

import click

from edgekit.errors import escaped, named

WIDTH = 100  # columns that a table has on a terminal, unless all of it is asked for
NAMES = 34  # columns of them for what rows are called, where they do not all fit


def table(
    rows: Iterable[Mapping[str, object]], marked: str | None = None, width: int | None = None
) -> str:
    """Rows as aligned columns under their names, numbers to the right.

    The row whose first cell is `marked` gets an arrow. With a `width` the first and the last column
    go over several lines where they must. Plain text, since devices have no rich.
    """
    lines = [{escaped(key): escaped(str(value)) for key, value in row.items()} for row in rows]
    if not lines:
        return "(none)"
    columns = list(lines[0])
    widths = {c: max(len(c), *(len(line[c]) for line in lines)) for c in columns}
    right = {c for c in columns[1:] if all(numeric(line[c]) for line in lines)}
    if width:
        fit(widths, width - 2 * len(columns))

    def laid(cells: Mapping[str, str], mark: str) -> str:
        parts = {c: wrap(cells[c], widths[c]) or [""] for c in columns}
        told = []
        for k in range(max(map(len, parts.values()))):
            texts = [parts[c][k] if k < len(parts[c]) else "" for c in columns]
            shown = [text.rjust(widths[c]) if c in right else text.ljust(widths[c])
                     for c, text in zip(columns, texts, strict=True)]  # fmt: skip
            told.append(f"{' ' if k else mark} {'  '.join(shown)}".rstrip())
        return "\n".join(told)

    head = laid({c: c for c in columns}, " ")
    body = [laid(line, "→" if marked and line[columns[0]] == marked else " ") for line in lines]
    return "\n".join([head, "  " + "─" * (sum(widths.values()) + 2 * len(columns) - 2), *body])


def fit(widths: dict[str, int], most: int) -> None:
    """Make the first and the last column narrower until all have so many letters together."""
    first, *_, last = widths
    for column, least in ((first, NAMES), (last, len(last))):
        beyond = sum(widths.values()) - most
        widths[column] = max(min(widths[column], least), widths[column] - max(beyond, 0))


def summary(facts: Mapping[str, str]) -> list[str]:
    """Facts as one line each."""
    return [f"{escaped(name)}: {escaped(value)}" for name, value in facts.items()]


def numeric(cell: str) -> bool:
    """Whether a cell holds a number (with a unit) or a dash."""
    return cell[:1].isdigit() or cell in ("–", "") or (cell[:1] in "-+∞" and len(cell) > 1)


def emit(value: Any, as_json: bool, text: str) -> None:
    """Print a result: as JSON, or as text for people, which nothing in it may steer a terminal."""
    lines = "\n".join(map(escaped, text.split("\n")))
    with named("standard output"):
        click.echo(json.dumps(value, indent=2) if as_json else lines)


def note(text: str) -> None:
    """Say what the user should know on standard error."""
    click.echo(f"note: {escaped(text)}", err=True)


class Bar:
    """Progress of a conversion on standard error: a bar with the time left, or lines."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        console = Console(stderr=True)
        self._lines = not sys.stderr.isatty()
        self._progress = Progress(
            BarColumn(24),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=console,
            disable=self._lines,
            transient=True,
        )
        self._task = self._progress.add_task("loading the model", total=1)

    def start(self, steps: int) -> None:
        """Show the bar, with so many steps to come."""
        self._progress.update(self._task, total=steps)
        self._progress.start()

    def done(self, what: str) -> None:
        """Advance by one step."""
        self._progress.update(self._task, advance=1, description=what)
        if self._lines:
            click.echo(f"  {what}", err=True)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()

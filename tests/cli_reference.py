"""The command line as Markdown: `python -m tests.cli_reference > docs/cli.md`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import click

from edgekit.cli import cli

HEAD = """\
# Command line

Made from the commands themselves by `make docs`; `edgekit COMMAND --help` shows the same.

Every command that prints a result takes `--json`. An error is one line on standard error and an
exit code. With `--json`, standard output is one JSON value: the result, also when a gate was
missed, or `{"error": …, "exit_code": …}`.

| exit code | meaning |
|---|---|
| 0 | success |
| 1 | error |
| 2 | wrong usage |
| 3 | a quality gate was missed |
| 130 | interrupted; finished steps are kept, the same command goes on |
"""

EXAMPLES = {
    "convert": (
        "edgekit convert generator.keras -t raspberry-pi-5 -t intel-cpu -o out",
        "edgekit convert vae/ -t raspberry-pi-4 --objective size --gate 'psnr>=35' -o out",
        "edgekit convert upscaler.h5 -t linux-litert --input-size 128x128 --data photos/ -o out",
    ),
    "tune": (
        "edgekit tune generator.keras -t raspberry-pi-5 --trials 40 -o search",
        "edgekit tune generator.keras -t raspberry-pi-5 --trials 40 --resume -o search",
        "edgekit convert generator.keras -t raspberry-pi-5 -r search/recipe.toml -o out",
    ),
    "validate": ("edgekit validate out/raspberry-pi-5",),
    "run": (
        "edgekit run out/raspberry-pi-5 --count 16 --seed 7 -o samples.png",
        "edgekit run out/linux-litert --input photo.png -o enlarged.png",
    ),
    "bench": ("edgekit bench out/raspberry-pi-5 --threads 1,2,4",),
    "inspect": ("edgekit inspect generator.keras", "edgekit inspect out/raspberry-pi-5"),
    "targets": ("edgekit targets", "edgekit targets raspberry-pi-5 > my-board.toml"),
    "recipes": ("edgekit recipes", "edgekit recipes int8 > mine.toml"),
    "doctor": ("edgekit doctor",),
    "cache": ("edgekit cache", "edgekit cache --clear"),
}


def commands() -> dict[str, click.Command]:
    """Every command by name, in the order of --help."""
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for name, command in commands().items():
        lines += [f"- [`edgekit {name}`](#edgekit-{name}): {command.short_help}"]
    for name, command in commands().items():
        lines += ["", *section(name, command)]
    return "\n".join(lines) + "\n"


def section(name: str, command: click.Command) -> Iterator[str]:
    """One command: what it does, usage, options, examples."""
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    yield f"## edgekit {name}"
    yield ""
    yield inspect.cleandoc(command.help or "")
    yield ""
    yield "```sh"
    yield " ".join(["edgekit", name, *map(argument_text, arguments), "[OPTIONS]"])
    yield "```"
    yield ""
    yield "| option | meaning | default |"
    yield "|---|---|---|"
    yield from map(option_row, options)
    yield ""
    yield "```sh"
    yield from EXAMPLES.get(name, ())
    yield "```"


def argument_text(argument: click.Argument) -> str:
    """`MODEL`, in brackets where it may be left out."""
    name = str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def option_row(option: click.Option) -> str:
    """One row of the table of options."""
    kind = "" if option.is_flag else f" {value_text(option)}"
    names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len, reverse=True))
    if kind:
        names += f" `{kind.strip()}`"
    cells = names, option.help or "", default_text(option)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def value_text(option: click.Option) -> str:
    """What an option takes."""
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    if isinstance(option.type, click.Path):
        return "PATH"
    names = {"integer": "N", "integer range": "N", "float": "SECONDS"}
    return names.get(option.type.name, "TEXT")


def default_text(option: click.Option) -> str:
    """The default as it would be typed; required options have none."""
    if option.required:
        return "required"
    default: Any = option.to_info_dict()["default"]  # None where there is none
    if isinstance(default, (list, tuple)):
        default = " ".join(map(str, default))
    if option.is_flag or default in (None, ""):
        return ""
    return f"`{default}`"


if __name__ == "__main__":
    sys.stdout.write(page())

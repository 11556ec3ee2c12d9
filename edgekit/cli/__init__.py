"""The command line: one file a command, bodies import late so that --help is instant."""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from edgekit._version import __version__
from edgekit.cli._child import go_on_in_child
from edgekit.errors import EdgekitError, GateError, one_line, os_error

COMMANDS = (
    "convert",
    "tune",
    "validate",
    "run",
    "bench",
    "inspect",
    "targets",
    "recipes",
    "doctor",
    "cache",
)
RUN_ENGINES = ("validate", "run", "bench")  # on artifacts that others may have made
INTERRUPTED = 130


class Commands(click.Group):
    """Commands imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of edgekit/cli/<name>.py."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"edgekit.cli.{name}").command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """An unknown command is answered with the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from edgekit.errors import did_you_mean

            ctx.fail(f"unknown command '{args[0]}'; {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="edgekit")
def cli() -> None:
    """Make trained generative models small, fast and dependable on edge devices."""


def main() -> None:
    """Run the command; every error is one line and an exit code.

    0 success, 1 error, 2 usage, 3 a quality gate was missed, 130 interrupted.
    """
    open_streams()
    check_words(sys.argv[1:])
    if len(sys.argv) > 2 and sys.argv[1] in RUN_ENGINES and (crash := go_on_in_child()):
        fail(crash, 1)
    arrived = interrupts()
    try:
        cli(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(error.exit_code)
    except click.ClickException as error:
        where = f" (edgekit {command_of(error)} --help)" if command_of(error) else ""
        fail(" ".join(error.format_message().split()) + where, error.exit_code)
    except EdgekitError as error:
        # A missed gate, or a report that an error carries, the command has printed.
        printed = isinstance(error, GateError) or getattr(error, "report", None) is not None
        fail(str(error), error.exit_code, as_json=not printed)
    except (KeyboardInterrupt, click.Abort) as stop:
        if not arrived:  # click takes an EOFError of a library for Ctrl-D
            fail(f"a library stopped: {one_line(stop.__cause__ or stop)}", 1)
        again = "interrupted; finished steps are kept, run the same command to go on"
        fail(str(stop) or again, INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        fail(os_error(error), 1)


def open_streams() -> None:
    """Make all three streams take any text.

    A closed one leads nowhere: a file that is opened later would get its number, and what is
    printed. Letters that a terminal does not have become `?`.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def check_words(words: list[str]) -> None:
    """End when an argument is no text: reports and bundles could not name it."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            fail(f"{word[:80]!a} is not UTF-8; rename the file or folder", 2)


def interrupts() -> list[int]:
    """The signals that asked to end, as they arrive; each is raised as KeyboardInterrupt.

    One that is ignored from the start (nohup) stays so.
    """
    arrived: list[int] = []

    def interrupt(number: int, _: object) -> None:
        arrived.append(number)
        raise KeyboardInterrupt

    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(end) is not signal.SIG_IGN:
            signal.signal(end, interrupt)
    return arrived


def command_of(error: click.ClickException) -> str:
    """The command that a usage error belongs to; empty for edgekit itself."""
    ctx = getattr(error, "ctx", None)
    return str(ctx.info_name) if ctx is not None and ctx.parent is not None else ""


def fail(message: str, code: int, *, as_json: bool = True) -> None:
    """One line on standard error; as JSON too where --json was asked for."""
    with suppress(OSError):  # nobody listens
        if as_json and "--json" in sys.argv:
            click.echo(json.dumps({"error": message, "exit_code": code}))
    with suppress(OSError):  # nobody listens
        click.echo(f"edgekit: {message}", err=True)
    sys.exit(code)

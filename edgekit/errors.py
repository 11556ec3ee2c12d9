"""Everything edgekit raises on purpose.

EdgekitError
├── InputError          what the user gave is wrong: a file, a name, a value
│   └── ModelError      the model itself cannot be used (corrupt, NaN weights, custom code)
├── MissingDependency   a package is not installed; the message names the pip command
├── PlanError           target and recipe do not fit together
├── PassError           a step failed (which pass, which part, why)
├── GateError           a quality gate was missed; carries the report
├── BundleError         a bundle is incomplete, altered or from another version
└── EngineError         the engine refused or failed on an artifact

A message is one line: what, where, and what to do about it.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

MOST_NAMES = 20  # that one message lists
LONGEST = 2000  # letters of a message
DISTRIBUTIONS = {"PIL": "pillow"}  # not called as their module is
OPTION = r"(?<![\w-])--?(o|(?<=--)[a-z]+(?:-[a-z]+)*)(?![\w-])"
# How Python callers write options, where it is not the same name.
KEYWORDS = {
    "o": "output",
    "input-size": "sizes",
    "batch-size": "batch",
    "gate": "gates",
    "cache-dir": "cache",
    "engine": "engines",
    "no-cache": "reuse=False",
    "force": "force=True",
    "keep-going": "keep_going=True",
    "trust": "trust=True",
    "resume": "resume=True",
}


class EdgekitError(Exception):
    """Base of all errors that edgekit raises on purpose."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class InputError(EdgekitError):
    """A file, name or value given by the user is wrong."""


class ModelError(InputError):
    """The model cannot be used: corrupt, non-finite weights, or code that was not trusted."""


class MissingDependency(EdgekitError):  # noqa: N818 - reads as the condition it names
    """A needed package is not installed."""


class PlanError(EdgekitError):
    """The target cannot do what the recipe asks for."""


class PassError(EdgekitError):
    """A conversion step failed; `report` holds what else was measured, if anything was."""

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report


class GateError(EdgekitError):
    """No candidate met every quality gate; `report` holds what was measured."""

    exit_code = 3

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report


class BundleError(EdgekitError):
    """A bundle is incomplete, altered, or of a format this version does not read."""


class EngineError(EdgekitError):
    """The engine refused or failed on an artifact."""


def printable(message: str) -> str:
    """A message as a terminal may show it: one line without control characters, not too long.

    It may repeat names from a file that somebody else has made.
    """
    if len(message) > LONGEST:
        message = message[: LONGEST // 2] + " … " + message[-LONGEST // 4 :]
    return escaped(message)


def escaped(text: str) -> str:
    """A text with all that steers a terminal, line ends too, written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The tail of an error message: the nearest known names, or all of them.

    >>> did_you_mean("raspbery-pi-5", ["raspberry-pi-5", "intel-cpu"])
    "did you mean 'raspberry-pi-5'?"
    """
    names = sorted(known)
    if near := nearest(word, names):
        return f"did you mean '{near}'?"
    shown = [*names[:MOST_NAMES], "…"] if len(names) > MOST_NAMES else names
    return "known: " + ", ".join(shown) if names else "none are known"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that a word was meant to be; None when there is none like it."""
    import difflib  # only for messages: the runtime's import is short

    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)), None)


def require(module: str, extra: str) -> None:
    """Check that `module` can be imported, without importing it.

    Raises:
        MissingDependency: naming the command that installs what is missing of the extra.
    """
    if not there(module):
        raise MissingDependency(f"'{module}' is not installed; run: {pip_install(extra, module)}")


def there(module: str) -> bool:
    """Whether a module can be imported, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package that holds it
        return False


def pip_install(extra: str, module: str) -> str:
    """The command that installs a module and whatever else is missing of an extra.

    It names distributions: `edgekit[extra]` would be looked for on PyPI.
    """
    import shlex  # only for messages

    wanted = {module: DISTRIBUTIONS.get(module, module)} | requirements(extra)
    missing = [text for name, text in wanted.items() if not there(name)]
    return f"pip install {shlex.join(missing)}"


def requirements(extra: str = "") -> dict[str, str]:
    """What an extra asks for, by module, as the metadata of the installed edgekit tells.

    Of all extras without one.
    """
    from importlib import metadata  # only for messages, like difflib

    try:
        entries = metadata.requires("edgekit") or []
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        entries = []
    wanted = f'extra == "{extra}"' if extra else ""
    texts = (entry.split(";")[0].strip() for entry in entries if wanted in entry)
    modules = {name: module for module, name in DISTRIBUTIONS.items()}
    named = ((re.split(r"[^\w-]", text)[0], text) for text in texts)
    return {modules.get(name, name.replace("-", "_")): text for name, text in named}


def in_python(message: str) -> str:
    """A message with the options of the command line as Python's keywords.

    >>> in_python("'out' exists; choose another -o or pass --force to replace it")
    "'out' exists; choose another output or pass force=True to replace it"
    """
    return re.sub(OPTION, lambda found: KEYWORDS.get(found[1], found[1].replace("-", "_")), message)


@contextmanager
def spoken_in_python() -> Iterator[None]:
    """Errors of the block name options as keywords."""
    try:
        yield
    except EdgekitError as error:
        error.args = (in_python(str(error)),)
        raise


def one_line(error: BaseException) -> str:
    """An error of the user's or a library's code: its type and its reason."""
    kind, text = type(error).__name__, why(error)
    return text if text.startswith(kind) else f"{kind}: {text}"


def why(error: BaseException) -> str:
    """Why a library failed, in its own words but without all that it wraps them in."""
    from edgekit.reason import reason  # only for messages

    return reason(error)


@contextmanager
def named(place: object) -> Iterator[None]:
    """Errors of the operating system name this place where they name none: a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(place)
        raise


def os_error(error: OSError) -> str:
    """An operating system's error as one line with a remedy."""
    place = f" ('{error.filename}')" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"disk full{place}: free some space, or use another --output and --cache-dir"
    if error.errno == errno.EACCES:
        return f"permission denied{place}: choose a folder you may write to"
    return f"{error.strerror or why(error)}{place}"

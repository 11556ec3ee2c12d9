"""What the user's paths are, looked at before anything is opened, and small files read whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from edgekit.errors import InputError

MOST_TEXT = 1 << 20  # bytes of a file that people write: a recipe, a target, a model.toml
SHOWN = 80  # letters of a long path that a message repeats


def check_plain(path: Path, what: str) -> None:
    """Raise InputError for what is no file and no folder; that nothing is there is no matter.

    To open a pipe may wait without end, and a device may have no end.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:  # too long a name, a loop of links, a NUL in it
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{what} '{shown(path)}' cannot be read: {reason}") from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InputError(f"{what} '{shown(path)}' is a pipe or a device; give a file")


def check_plain_folder(folder: Path, what: str) -> None:
    """The same for all that a folder holds."""
    for place, _, names in os.walk(folder):
        for name in names:
            check_plain(Path(place, name), what)


def shown(path: Path) -> str:
    """A path as messages show it: the end of a long one is enough."""
    text = str(path)
    return text if len(text) <= 4 * SHOWN else "…" + text[-SHOWN:]


def read_small(path: Path, what: str, most: int = MOST_TEXT) -> bytes:
    """The content of a file of the user's that must not be large.

    Raises:
        InputError: beginning with `what`: no such file, no plain file, not readable, or larger.
    """
    check_plain(path, what)
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except FileNotFoundError:
        raise InputError(f"{what} '{shown(path)}' does not exist") from None
    except OSError as error:
        raise InputError(f"{what} '{shown(path)}' cannot be read: {error.strerror}") from None
    if len(content) > most:
        raise InputError(f"{what} '{shown(path)}' is larger than {most >> 20} MiB")
    return content

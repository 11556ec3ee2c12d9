"""Finds the disk full."""

import errno
import os

from edgekit.model import Model
from edgekit.passes._context import Context
from edgekit.typed import Typed

TAKES, GIVES = "litert", "litert"
NEEDS = ()


class Options(Typed, frozen=True):
    """None."""


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Fail as a write does for which there is no room."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

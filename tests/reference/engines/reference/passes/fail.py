"""Fails as real passes do."""

from __future__ import annotations

import errno
import os
import resource
import signal
import time
from pathlib import Path
from typing import Literal

from edgekit.errors import PassError
from edgekit.model import Model
from edgekit.passes._context import Context, with_files
from edgekit.typed import Typed

TAKES, GIVES = "refnet", "refnet"
NEEDS = ()


class Options(Typed, frozen=True):
    """`how` it fails. `hold` waits: it makes the file `reached`, and ends when there is no file
    `held`."""

    how: Literal["crash", "full", "refuse", "hold"] = "refuse"
    reached: str = ""
    held: str = ""


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Leave a half-written artifact and fail, or wait and copy the model."""
    half = ctx.output / "half.refnet"
    half.write_bytes(b"half")
    if options.how == "refuse":
        raise PassError("fail: this net is not to its taste")
    if options.how == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if options.how == "crash":  # as a converter does that reads beyond its memory
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), signal.SIGSEGV)
    Path(options.reached).touch()
    while Path(options.held).exists():
        time.sleep(0.02)
    half.unlink()
    for name, file in model.files.items():
        (ctx.output / f"{name}.refnet").write_bytes((ctx.source / file).read_bytes())
    return with_files(model, GIVES, ".refnet")

"""Ends as a converter does that reads beyond its memory."""

import os
import resource
import signal

from edgekit.model import Model
from edgekit.passes._context import Context
from edgekit.typed import Typed

TAKES, GIVES = "litert", "litert"
NEEDS = ()


class Options(Typed, frozen=True):
    """None."""


def run(model: Model, options: Options, ctx: Context) -> Model:
    """Leave a half-written artifact and crash."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    (ctx.output / "generate.tflite").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGSEGV)
    return model

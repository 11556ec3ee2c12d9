"""edgekit: trained generative models, made small, fast and dependable on edge devices."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgekit._version import __version__

if TYPE_CHECKING:
    from edgekit.families._base import Family
    from edgekit.report import Report
    from edgekit.tuned import Tuned

__all__ = ["__version__", "convert", "load", "tune"]


def load(bundle: str | os.PathLike[str], *, threads: int | None = None) -> Family:
    """Open a bundle, ready to generate; see `edgekit.runtime.load`."""
    from edgekit import runtime

    return runtime.load(bundle, threads=threads)


def convert(
    model: str | os.PathLike[str],
    *,
    targets: str | Sequence[str],
    output: str | os.PathLike[str],
    **options: Any,
) -> Report:
    """Convert a trained model to a bundle per target; see `edgekit.request.Request` for options."""
    from edgekit.errors import spoken_in_python
    from edgekit.pipeline import run
    from edgekit.request import Request

    with spoken_in_python():
        return run(Request.of(model, targets=targets, output=output, **options))


def tune(
    model: str | os.PathLike[str],
    *,
    target: str,
    output: str | os.PathLike[str],
    trials: int = 50,
    resume: bool = False,
    minutes: float | None = None,
    **options: Any,
) -> Tuned:
    """Search for the best recipe of a target; see `edgekit.tuner.run`, for options `convert`."""
    from edgekit.errors import spoken_in_python
    from edgekit.request import Request
    from edgekit.tuner import check_options, run

    with spoken_in_python():
        check_options(options)
        request = Request.of(model, targets=target, output=output, **options)
        return run(request, trials, resume=resume, minutes=minutes)

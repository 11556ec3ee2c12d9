"""edgekit: trained generative models, made small, fast and dependable on edge devices."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from edgekit._version import __version__

if TYPE_CHECKING:
    from edgekit.candidates.results import Report
    from edgekit.families._base import Family
    from edgekit.search.result import Tuned

__all__ = ["__version__", "convert", "load", "tune"]

# Nothing leaves the machine: OpenVINO and NNCF report every use over the network and keep a file in
# the home folder, whatever is set; where this package cannot be imported, they do without.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


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
    """Convert a trained model to a bundle per target; options: `edgekit.plan.request.Request`."""
    from edgekit.errors import spoken_in_python
    from edgekit.jobs.convert import run
    from edgekit.plan.request import Request

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
    """Search for the best recipe of a target, as `edgekit tune` does.

    Args:
        model: path of a trained model.
        target: name of one target, or path of a TOML file.
        output: folder of the search: its log, recipes and report.
        trials: so many recipes are tried after the candidates of recipe `auto`.
        resume: go on with the search that the folder holds.
        minutes: begin no further trial after that time (`--timeout`).
        options: those of `convert` that say what the model is and what counts.

    Raises:
        InputError: something asked for is wrong; nothing was done.
        GateError: no recipe meets every gate; its `report` is what would have been returned.
        PassError: the float32 baseline cannot be made, or timed.
    """
    from edgekit.errors import spoken_in_python
    from edgekit.jobs.tune import check_options, run
    from edgekit.plan.request import Request

    with spoken_in_python():
        check_options(options)
        request = Request.of(model, targets=target, output=output, **options)
        return run(request, trials, resume=resume, minutes=minutes)

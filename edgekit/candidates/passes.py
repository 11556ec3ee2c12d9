"""Passes one after another, each a step of the work space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from edgekit.engines._formats import artifacts
from edgekit.errors import EdgekitError
from edgekit.files.checksum import sha256
from edgekit.model import Model
from edgekit.passes._run import run_pass
from edgekit.plan.steps import REWRITE, Step
from edgekit.sources import Trust
from edgekit.work.workspace import Workspace


def after(
    workspace: Workspace,
    steps: Sequence[Step],
    folder: Path,
    trust: Trust,
    calibration: Path | None = None,
) -> Path:
    """The folder of the model after some passes.

    Rewrites that found nothing count as not done, so that what follows is not done twice.
    """
    for step in steps:
        made = workspace.step(
            run_pass,
            needs=(*step.load().NEEDS, *trust.custom_objects),
            name=step.name,
            engine=step.engine,
            options=step.options,
            source=folder,
            calibration=calibration if step.calibrates else None,
            trust=trust,
        )
        if step.name != REWRITE or fingerprint(made) != fingerprint(folder):
            folder = made
    return folder


@contextmanager
def begun(
    workspace: Workspace, chains: Sequence[Sequence[Step]], folder: Path, trust: Trust
) -> Iterator[None]:
    """Passes that need nothing of what the block does are done beside it, as far as they get.

    What fails here is told when it is asked for.
    """

    def begin(steps: Sequence[Step]) -> None:
        with suppress(EdgekitError):
            after(workspace, steps, folder, trust)

    with ThreadPoolExecutor(1) as pool:
        pool.map(begin, [tuple(takewhile(lambda s: not s.calibrates, each)) for each in chains])
        try:
            yield
        except BaseException:
            workspace.stop()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def fingerprint(folder: Path) -> str:
    """What is equal for two models whose artifacts are."""
    return " ".join(map(sha256, artifacts(folder, Model.load(folder))))

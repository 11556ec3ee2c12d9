"""The runtime of a device: NumPy and one engine, nothing else of edgekit's converter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit import plugin
from edgekit.bundle.opened import opened
from edgekit.bundle.reading import read_manifest
from edgekit.errors import EngineError
from edgekit.model import Model
from edgekit.runtime.artifacts import outdated, usable
from edgekit.runtime.runner import EngineRunner

if TYPE_CHECKING:
    from edgekit.families._base import Family

__all__ = ["as_family", "load"]


def load(
    bundle: str | os.PathLike[str],
    *,
    threads: int | None = None,
    unpacked: str | os.PathLike[str] | None = None,
) -> Family:
    """Open a bundle, ready to generate.

    Args:
        bundle: the folder that `edgekit convert` wrote.
        threads: CPU threads of the engine; the target's number when None, never more than the
            machine has.
        unpacked: a folder for what is packed in the bundle: it is expanded there once, and checked
            by its SHA-256 each time. Without one it is expanded into memory, and gone when the
            engine has loaded it.

    Returns:
        The model as its family: `generate`, `transform`, and for autoencoders `encode` and
        `decode`. Any number of threads may call it; calls of one signature wait for each other,
        so the engine's own `threads` are what uses the cores. Arrays that it returns are the
        caller's own. A server that forks must load it in each worker, after the fork: one that
        was loaded before raises EngineError there.

    Raises:
        InputError: not a bundle, or threads that cannot be meant.
        BundleError: a missing, altered or foreign file.
        MissingDependency: the engine is not installed; names the pip command.
        EngineError: the engine cannot load the artifact.
    """
    folder = Path(bundle)
    manifest = read_manifest(folder)
    artifact = usable(manifest)
    model = manifest.model(artifact)
    with opened(folder, manifest, artifact, Path(unpacked) if unpacked else None) as place:
        runner = EngineRunner(place, model, artifact.engine, artifact.device.here(threads), folder)
        try:
            for signature in model.signatures:
                runner.load(signature)
        except EngineError as error:
            raise EngineError(f"{error}{outdated(artifact)}") from None
    origin = f"'{manifest.name}' for {manifest.target}, recipe {manifest.recipe}"
    return as_family(model, runner, origin)


def as_family(model: Model, runner: EngineRunner, origin: str = "") -> Family:
    """The model as its family, computed by a runner."""
    family: type[Family] = plugin.load("families", model.family).Family
    return family(model, runner, origin)

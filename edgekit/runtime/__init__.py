"""The runtime of a device: NumPy and one engine, nothing else of edgekit's converter."""

from __future__ import annotations

import os
from pathlib import Path

from edgekit import plugin
from edgekit.bundle.manifest import Manifest, read_manifest
from edgekit.families._base import Family
from edgekit.model import Model
from edgekit.runtime.runner import EngineRunner

__all__ = ["as_family", "default_threads", "load"]


def load(bundle: str | os.PathLike[str], *, threads: int | None = None) -> Family:
    """Open a bundle, ready to generate.

    Args:
        bundle: the folder that `edgekit convert` wrote.
        threads: CPU threads of the engine; the target's number when None, never more than the
            machine has.

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
    count = default_threads(manifest) if threads is None else threads
    runner = EngineRunner(folder, manifest.model, manifest.engine, count)
    for signature in manifest.model.signatures:
        runner.load(signature)
    origin = f"'{manifest.name}' for {manifest.target}, recipe {manifest.recipe}"
    return as_family(manifest.model, runner, origin)


def as_family(model: Model, runner: EngineRunner, origin: str = "") -> Family:
    """The model as its family, computed by a runner."""
    family: type[Family] = plugin.load("families", model.family).Family
    return family(model, runner, origin)


def default_threads(manifest: Manifest) -> int:
    """The target's threads, as far as this machine has them."""
    return max(1, min(manifest.threads, os.cpu_count() or 1))

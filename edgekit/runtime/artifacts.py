"""Which of a bundle's artifacts this machine runs."""

from __future__ import annotations

import re

from edgekit.bundle.manifest import Artifact, Manifest
from edgekit.engines import check_device, installed, runtime
from edgekit.errors import EdgekitError, EngineError, MissingDependency


def usable(manifest: Manifest) -> Artifact:
    """The first artifact that an installed engine runs on a device that it has.

    Raises:
        MissingDependency, EngineError: there is none; why the first is not.
    """
    reasons: list[EdgekitError] = []
    for artifact in manifest.artifacts:
        try:
            check_device(artifact.engine, artifact.device)
            runtime(artifact.engine).check_installed()
        except (MissingDependency, EngineError) as error:
            reasons.append(error)
        else:
            return artifact
    raise reasons[0]


def outdated(artifact: Artifact) -> str:
    """Advice where the engine is older than what is known to run an artifact, else nothing."""
    here = installed(artifact.engine)
    for package, proven in artifact.proven.items():
        if package in here and numbers(here[package]) < numbers(proven):
            return (
                f"; it is known to run with {package} {proven}, here is {here[package]}: "
                f"run: pip install -U {package}"
            )
    return ""


def numbers(version: str) -> list[int]:
    """The numbers of a version, to compare."""
    return [int(part) for part in re.findall(r"\d+", version)]

"""What is inside a bundle, an artifact or a model, as a summary and tables of plain values."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgekit import plugin
from edgekit.bundle.manifest import MANIFEST, Manifest
from edgekit.bundle.opened import opened
from edgekit.bundle.reading import read_manifest
from edgekit.domain import as_text
from edgekit.engines import Facts, Rows
from edgekit.engines._formats import engine_of
from edgekit.errors import EdgekitError, InputError, PassError, one_line, require
from edgekit.machine.limits import Limits
from edgekit.model import Model
from edgekit.original.describe import Given, described
from edgekit.original.ranges import doubt
from edgekit.sources import Trust, check_parts, needs, part_files
from edgekit.typed import convert
from edgekit.work.workspace import Workspace


def inspect(path: Path, given: Given, trust: Trust) -> Facts:
    """Look into a bundle, a .tflite or .xml artifact, or a model, of which `given` is known.

    Raises:
        InputError: nothing there, none of these, or something given of what is no model.
    """
    engine = engine_of(path) if path.is_file() else None
    bundle = (path / MANIFEST).is_file()
    if not bundle and engine is None:
        part_files(path)
        return model_facts(path, given, trust)
    if given != Given():
        raise InputError(f"'{path}' is converted already; --family, --input-size, … are for models")
    if bundle:
        return bundle_facts(path)
    return looked_at(str(engine), [path], whole=True)[0]


def bundle_facts(folder: Path) -> Facts:
    """The manifest of a bundle, and the tables of its artifacts, each signature's below another."""
    manifest = read_manifest(folder)
    artifact = manifest.artifacts[0]
    model, measured = manifest.model(artifact), manifest.measured
    latency = measured.get("latency") or {}
    summary = {
        "bundle": str(folder),
        "model": manifest.name,
        "family": model.family,
        "target": manifest.target,
        "engine": artifact.engine,
        "recipe": manifest.recipe,
        "size": sum(file.size for file in manifest.files.values()),
        "verdict": measured.get("verdict", ""),
        "latency_vs_float32": latency.get("ratio"),
        "created": manifest.created,
        "license": model.license,
        "doubt": doubt(model),
        "remarks": model.remarks,
    }
    tables = {"artifacts": artifact_rows(manifest), "signatures": signature_rows(model)}
    with opened(folder, manifest, artifact) as place:
        files = [place / file for file in model.files.values()]
        found = looked_at(artifact.engine, files, whole=False)
    for name, facts in zip(model.files, found, strict=True):
        for title, rows in facts.tables.items():
            tables.setdefault(title, []).extend({"signature": name, **row} for row in rows)
    scores = manifest.scores.items()
    tables["scores"] = [{"metric": name, "value": value} for name, value in scores]
    return Facts(summary=summary, tables=tables)


def artifact_rows(manifest: Manifest) -> Rows:
    """One row for each signature of each artifact."""
    return [
        {
            "engine": artifact.engine,
            "format": artifact.format,
            "device": artifact.device.kind,
            "threads": artifact.device.threads,
            "runs with": " ".join(f"{name} {least}" for name, least in artifact.proven.items()),
            "signature": name,
            "file": f"{entry.file}:{entry.name}" if entry.name else entry.file,
        }
        for artifact in manifest.artifacts
        for name, entry in artifact.signatures.items()
    ]


def looked_at(engine: str, files: Sequence[Path], *, whole: bool) -> list[Facts]:
    """What is in artifacts, `whole` or only what a bundle shows of them.

    A child process looks: a crafted file may crash the engine, or want all memory.
    """
    module = plugin.part(engine, "runtime")
    loaded = [each for file in files for each in module.files(file)]
    with tempfile.TemporaryDirectory() as scratch:
        try:
            found = Workspace(Path(scratch)).call(
                look,
                limits=Limits.of_artifacts(loaded),
                engine=engine,
                files=list(files),
                whole=whole,
            )
        except PassError as error:
            names = " or ".join(f"'{file}'" for file in files)
            raise InputError(f"{names} cannot be looked at: {error}") from None
    return convert(found, list[Facts], "inspect")


def look(output: Path, engine: str, files: list[Path], whole: bool) -> list[Facts]:
    """Look into artifacts; the step of `looked_at`.

    Raises:
        InputError: a damaged file.
    """
    module = plugin.part(engine, "inspect")
    found = []
    for file in files:
        try:
            found.append(module.facts(file) if whole else Facts({}, module.tables(file)))
        except (EdgekitError, MemoryError):
            raise
        except Exception as error:  # a damaged file raises nearly every type
            raise InputError(f"'{file}' is damaged ({one_line(error)}); copy it again") from None
    return found


def model_facts(path: Path, given: Given, trust: Trust) -> Facts:
    """What convert would see in a model: loaded in a child process, as convert does."""
    files = part_files(path)
    for module in needs(files.values()):
        require(module, "convert")
    check_parts(files, trust)
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace(Path(scratch))
        model = Model.load(described(workspace, path, given, trust))
    summary = {
        "model": str(path),
        "family": model.family,
        "parameters": model.parameters,
        "prior": model.settings.prior,
        "classes": model.settings.classes,
        "float32_size": 4 * model.parameters,
        "doubt": doubt(model),
        "remarks": model.remarks,
    }
    return Facts(summary=summary, tables={"signatures": signature_rows(model)})


def signature_rows(model: Model) -> Rows:
    """One row for each input and output."""
    return [
        {
            "signature": name,
            "side": side,
            "name": tensor.name,
            "role": tensor.role,
            "shape": tensor.shape,
            "dtype": tensor.dtype,
            "range": tensor.range,
            "domain": as_text(tensor.domain),
        }
        for name, signature in model.signatures.items()
        for side, group in (("input", signature.inputs), ("output", signature.outputs))
        for tensor in group
    ]

"""What is inside a bundle, an artifact or a model, as a summary and tables of plain values."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from edgekit.bundle import MANIFEST, read_manifest
from edgekit.describe import NEEDS as DESCRIBE_NEEDS
from edgekit.describe import Given
from edgekit.errors import EdgekitError, InputError, require
from edgekit.litert_file import Graph, read_graph, read_rewrites
from edgekit.model import Model
from edgekit.sources import Trust, part_files
from edgekit.typed import Typed
from edgekit.workspace import Workspace

Rows = list[dict[str, Any]]
T = TypeVar("T")
WEIGHT_BYTES = 64  # smaller constants are shapes and scalars


class Facts(Typed, frozen=True):
    """A summary by name, and tables by title: sizes in bytes, shapes as numbers."""

    summary: dict[str, Any]
    tables: dict[str, Rows]


def inspect(path: Path, given: Given, trust: Trust) -> Facts:
    """Look into a bundle, a .tflite or .xml artifact, or a model, of which `given` is known.

    Raises:
        InputError: nothing there, none of these, or something given of what is no model.
    """
    kinds = {
        bundle_facts: (path / MANIFEST).is_file(),
        litert_facts: path.suffix == ".tflite" and path.is_file(),
        openvino_facts: path.suffix == ".xml" and path.is_file(),
    }
    facts = next((look for look, fits in kinds.items() if fits), None)
    if facts is None:
        part_files(path)
        return model_facts(path, given, trust)
    if given != Given():
        raise InputError(f"'{path}' is converted already; --family, --input-size, … are for models")
    return facts(path)


def bundle_facts(folder: Path) -> Facts:
    """The manifest of a bundle, and the ops of its artifacts."""
    manifest = read_manifest(folder)
    measured = manifest.measured
    latency = measured.get("latency") or {}
    summary = {
        "bundle": str(folder),
        "model": manifest.name,
        "family": manifest.model.family,
        "target": manifest.target,
        "engine": manifest.engine,
        "recipe": manifest.recipe,
        "size": sum(file.size for file in manifest.files.values()),
        "verdict": measured.get("verdict", ""),
        "latency_vs_float32": latency.get("ratio"),
        "created": manifest.created,
        "license": manifest.model.license,
    }
    tables = {"signatures": signature_rows(manifest.model)}
    if manifest.engine == "litert":
        tables["ops"] = [
            {"signature": name, **row}
            for name, file in manifest.model.files.items()
            for row in litert_ops(folder / file)
        ]
    scores = manifest.scores.items()
    tables["scores"] = [{"metric": name, "value": value} for name, value in scores]
    return Facts(summary=summary, tables=tables)


def litert_facts(path: Path) -> Facts:
    """The tensors and ops of a .tflite file."""
    graph = read(read_graph, path)
    ends = [("input", i) for i in graph.inputs] + [("output", i) for i in graph.outputs]
    rows = [
        {
            "side": side,
            "name": graph.tensors[i].name,
            "shape": graph.tensors[i].shape,
            "dtype": graph.tensors[i].dtype.lower(),
        }
        for side, i in ends
    ]
    summary = {
        "artifact": str(path),
        "size": path.stat().st_size,
        "constant_elements": graph.constants(),
    }
    tables = {"tensors": rows, "ops": litert_ops(path)}
    if done := rewrite_rows(path):
        tables["rewrites"] = done
    return Facts(summary=summary, tables=tables)


def read(reader: Callable[[Path], T], path: Path) -> T:
    """What is read from a file; InputError where it is damaged."""
    try:
        return reader(path)
    except EdgekitError:
        raise
    except Exception:  # a damaged file raises nearly every type here
        raise InputError(f"'{path}' is cut off or damaged; copy it again") from None


def litert_ops(path: Path) -> Rows:
    """Ops by kind: how many, their version, and what they compute in."""
    graph = read(read_graph, path)
    kinds = Counter(
        (op.name, op.version, dtypes(graph, op.outputs, 0), dtypes(graph, op.inputs, WEIGHT_BYTES))
        for op in graph.ops
    )
    return [
        {"op": name, "count": count, "version": version, "output": dtype, "weights": weights}
        for (name, version, dtype, weights), count in sorted(kinds.items())
    ]


def rewrite_rows(path: Path) -> Rows:
    """The rewrites that changed a file, with ops before and after as text."""
    rows = read(read_rewrites, path)
    for row in rows:
        for side in ("before", "after"):
            row[side] = ", ".join(f"{count} {kind}" for kind, count in row[side].items())
    return rows


def dtypes(graph: Graph, tensors: Sequence[int], least: int) -> str:
    """The types of tensors whose constant data has at least `least` bytes; empty without any."""
    found = {
        graph.tensors[i].dtype.lower()
        for i in tensors
        if i >= 0 and graph.tensors[i].bytes >= least
    }
    return "/".join(sorted(found))


def openvino_facts(path: Path) -> Facts:
    """The operations of an IR file."""
    from edgekit.runtime.engines import openvino as engine

    engine.check_installed()
    import openvino

    try:
        graph = openvino.Core().read_model(str(path))
    except RuntimeError:
        raise InputError(f"'{path}' is no OpenVINO IR (or its .bin is missing)") from None
    kinds = Counter(op.get_type_name() for op in graph.get_ops())
    rows = [{"op": name, "count": count} for name, count in sorted(kinds.items())]
    size = sum(p.stat().st_size for p in (path, path.with_suffix(".bin")) if p.is_file())
    summary = {"artifact": str(path), "size": size}
    return Facts(summary=summary, tables={"ops": rows})


def model_facts(path: Path, given: Given, trust: Trust) -> Facts:
    """What convert would see in a model: loaded in a child process, as convert does."""
    for module in DESCRIBE_NEEDS:
        require(module, "convert")
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace(Path(scratch))
        folder = workspace.step(
            "edgekit.describe:describe", source=path.absolute(), given=given, trust=trust
        )
        model = Model.load(folder)
    summary = {
        "model": str(path),
        "family": model.family,
        "parameters": model.parameters,
        "prior": model.settings.prior,
        "classes": model.settings.classes,
        "float32_size": 4 * model.parameters,
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
        }
        for name, signature in model.signatures.items()
        for side, group in (("input", signature.inputs), ("output", signature.outputs))
        for tensor in group
    ]

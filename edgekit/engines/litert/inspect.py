"""What is inside a .tflite file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edgekit.engines import Facts, Rows, rewrite_rows
from edgekit.engines.litert.file import Graph, read_graph, read_rewrites

WEIGHT_BYTES = 64  # smaller constants are shapes and scalars


def facts(path: Path) -> Facts:
    """The tensors at both ends, ops and rewrites."""
    graph = read_graph(path)
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
    return Facts(summary=summary, tables={"tensors": rows, **tables(path)})


def tables(path: Path) -> dict[str, Rows]:
    """Ops by kind, and the rewrites that changed the graph, if any did."""
    found = {"ops": ops(path), "rewrites": rewrite_rows(read_rewrites(path))}
    return {title: rows for title, rows in found.items() if rows}


def ops(path: Path) -> Rows:
    """Ops by kind: how many, their version, and what they compute in."""
    graph = read_graph(path)
    kinds = Counter(
        (op.name, op.version, dtypes(graph, op.outputs, 0), dtypes(graph, op.inputs, WEIGHT_BYTES))
        for op in graph.ops
    )
    return [
        {"op": name, "count": count, "version": version, "output": dtype, "weights": weights}
        for (name, version, dtype, weights), count in sorted(kinds.items())
    ]


def dtypes(graph: Graph, tensors: Sequence[int], least: int) -> str:
    """The types of tensors whose constant data has at least `least` bytes; empty without any."""
    found = {
        graph.tensors[i].dtype.lower()
        for i in tensors
        if i >= 0 and graph.tensors[i].bytes >= least
    }
    return "/".join(sorted(found))

"""What is inside an OpenVINO IR file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from edgekit.engines import Facts, Rows, rewrite_rows
from edgekit.engines.openvino import runtime as engine
from edgekit.engines.openvino.rewrites import read_rewrites
from edgekit.errors import InputError


def facts(path: Path) -> Facts:
    """Its size, with that of its weights, and its operations."""
    size = sum(file.stat().st_size for file in engine.files(path))
    return Facts(summary={"artifact": str(path), "size": size}, tables=tables(path))


def tables(path: Path) -> dict[str, Rows]:
    """Operations by kind, and the rewrites that changed the graph, if any did."""
    engine.check_installed()
    import openvino

    try:
        graph = openvino.Core().read_model(str(path))
    except RuntimeError:
        raise InputError(f"'{path}' is no OpenVINO IR (or its .bin is missing)") from None
    kinds = Counter(op.get_type_name() for op in graph.get_ops())
    ops: Rows = [{"op": name, "count": count} for name, count in sorted(kinds.items())]
    found = {"ops": ops, "rewrites": rewrite_rows(read_rewrites(path))}
    return {title: rows for title, rows in found.items() if rows}

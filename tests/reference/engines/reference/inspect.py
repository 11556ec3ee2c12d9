"""What is inside a .refnet file."""

from __future__ import annotations

from pathlib import Path

from edgekit.engines import Facts, Rows, rewrite_rows
from tests.reference.net import load


def facts(path: Path) -> Facts:
    """Its size and layers."""
    return Facts(summary={"artifact": str(path), "size": path.stat().st_size}, tables=tables(path))


def tables(path: Path) -> dict[str, Rows]:
    """One row a layer, and the rewrites."""
    net = load(path)
    rows = [
        {"layer": k, "weights": kernel.size, "dtype": kernel.dtype.name}
        for k, kernel in enumerate(net.kernels)
    ]
    noted = rewrite_rows(list(net.design.rewrites))
    return {"layers": rows, **({"rewrites": noted} if noted else {})}

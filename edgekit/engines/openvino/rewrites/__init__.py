"""Rewrites of OpenVINO graphs: `match(op) -> bool` and `apply(op)`.

OpenVINO does most of its own when it compiles; here is what it leaves.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

NOTE = ("edgekit", "rewrites")  # where the IR's rt_info holds what was rewritten


def read_rewrites(path: Path) -> list[dict[str, Any]]:
    """What the pass rewrite-openvino noted in an IR: each rewrite, with ops before and after."""
    note = ElementTree.parse(path).getroot().find("/".join(("./rt_info", *NOTE)))
    found: list[dict[str, Any]] = json.loads(note.get("value", "[]")) if note is not None else []
    return found

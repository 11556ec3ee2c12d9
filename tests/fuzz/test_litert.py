"""Fields of .tflite files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import strategies as st

pytest.importorskip("ai_edge_litert")

from edgekit.engines.litert.file import REWRITES, unpacked
from edgekit.engines.litert.pack import packed
from edgekit.jobs.inspect import look
from tests.tiny import tanh_file

from .harness import EXAMPLES, fuzz
from .mutate import broken_bytes, broken_tree

NOTES = [{"rewrite": "squares", "count": 1, "before": {"MUL": 2}, "after": {"SQUARE": 1}}]


def noted(notes: object) -> bytes:
    """A net with something where the rewrites are noted."""
    from ai_edge_litert import schema_py_generated as schema

    model = unpacked(tanh_file((2, 6)))
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = list(json.dumps(notes).encode())
    entry.name, entry.buffer = REWRITES.encode(), len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [entry]
    return bytes(packed(model))


@EXAMPLES
def test_tflite(place: Path, examples: int) -> None:
    def given(content: bytes) -> None:
        (place / "net.tflite").write_bytes(content)
        look(place, "litert", [place / "net.tflite"], whole=True)

    inputs = st.one_of(
        broken_bytes(noted(NOTES)), broken_bytes(tanh_file((2, 6))), broken_tree(NOTES).map(noted)
    )
    fuzz("tflite", inputs, given, examples, place)

"""The graphs of SavedModels, as far as they are read before TensorFlow is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

pytest.importorskip("tensorflow")

from google.protobuf import json_format

from edgekit.sources import Trust, saved_model
from edgekit.sources._saved_model_proto import message_class

from .harness import EXAMPLES, fuzz
from .mutate import broken_bytes, written

CALLED = {"key": "f", "value": {"function": {"name": "net"}}}
GRAPH = {
    "metaGraphs": [
        {
            "graph": {
                "nodes": [
                    {"name": "x", "op": "Placeholder"},
                    {"name": "w", "op": "VarHandleOp"},
                    {"name": "y", "op": "StatefulPartitionedCall", "inputs": ["x", "w"],
                     "attributes": [CALLED]},
                    {"name": "saver_filename", "op": "Placeholder"},
                    {"name": "save", "op": "SaveV2", "inputs": ["saver_filename", "w"]},
                    {"name": "restore", "op": "RestoreV2", "inputs": ["saver_filename"]},
                ],
                "library": {
                    "functions": [
                        {"signature": {"name": "net", "inputs": [{"name": "x"}]},
                         "nodes": [{"name": "m", "op": "MatMul", "inputs": ["x", "c:output"]},
                                   {"name": "c", "op": "Const", "attributes": [
                                       {"key": "value", "value": {"tensor": {"dtype": 1}}}]}]},
                    ]
                },
            },
            "saver": {"filename": "saver_filename:0", "save": "save:0", "restore": "restore"},
            "collections": [{"key": "variables", "value": {"protos": {"values": ["AAAA"]}}}],
            "signatures": [{"key": "serving_default", "value": {"outputs": [
                {"value": {"name": "y:0"}}]}}],
            "assets": [{"filename": "words.txt"}],
            "objects": {"nodes": [{"registeredSaver": ""}], "functions": [{"key": "net"}]},
        }
    ]
}  # fmt: skip


def message(tree: Any) -> bytes:
    """Plain values as a message, without what has no field or not its type."""
    try:
        found = json_format.ParseDict(tree, message_class()(), ignore_unknown_fields=True)
        return bytes(found.SerializeToString())
    except (
        json_format.ParseError,
        UnicodeError,
        TypeError,
        ValueError,
        AttributeError,
        SystemError,
    ):
        return b""


def nested(depth: int) -> bytes:
    """Messages in messages."""
    content = b""
    for _ in range(depth):
        length, size = len(content), b""
        while length > 127:
            size, length = size + bytes([length & 127 | 128]), length >> 7
        content = b"\x12" + size + bytes([length]) + content
    return content


@EXAMPLES
def test_saved_models(place: Path, examples: int) -> None:
    (place / "variables").mkdir()
    (place / "variables" / "variables.index").touch()
    write(place, message(GRAPH))
    saved_model.check(place, Trust())  # sound before it is broken
    inputs = st.one_of(
        written(GRAPH, message),
        broken_bytes(message(GRAPH)),
        st.integers(1, 5000).map(nested),
    )

    def given(content: bytes) -> None:
        write(place, content)
        saved_model.check(place, Trust())

    fuzz("SavedModel", inputs, given, examples, place)


def write(place: Path, content: bytes) -> int:
    """The graph of the folder."""
    return (place / "saved_model.pb").write_bytes(content)

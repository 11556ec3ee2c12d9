"""Writes .tflite files: packing, sharing what repeats, and versions of ops."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from edgekit.engines.litert.file import FLOATS, LAYERS, op_names, type_names, unpacked

# The version of each layer that takes float input on int8 weights with a scale for each channel.
HYBRID_VERSIONS = {
    "FULLY_CONNECTED": 12,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 6,
    "TRANSPOSE_CONV": 4,
}


def packed(model: Any, *, share: bool = False) -> bytes:
    """The content of a .tflite file; `share` writes equal small vectors once."""
    import flatbuffers

    builder = sharing_builder()(1 << 20) if share else flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


@cache
def sharing_builder() -> Any:
    """A builder that writes equal vectors of numbers once.

    The format allows several tables to refer to one vector. Raw bytes are left alone: they are
    the weights, which compact_litert shares itself.
    """

    import flatbuffers

    class Sharing(flatbuffers.Builder):  # type: ignore[misc]
        def __init__(self, size: int) -> None:
            super().__init__(size)
            self.vectors: dict[tuple[str, bytes], int] = {}

        def CreateNumpyVector(self, x: Any) -> int:  # noqa: N802 - the builder's own name
            if x.dtype == np.uint8:
                return int(super().CreateNumpyVector(x))
            key = x.dtype.str, x.tobytes()
            if key not in self.vectors:
                self.vectors[key] = int(super().CreateNumpyVector(x))
            return self.vectors[key]

    return Sharing


def raise_versions(content: bytes) -> bytes:
    """The file with the versions that float ops on int8 weights need.

    litert-quantizer leaves them at 1, and an old runtime then computes garbage instead of
    refusing. LiteRT's own results do not change.
    """
    model = unpacked(content)
    for graph in model.subgraphs:
        for op in graph.operators:
            code = model.operatorCodes[op.opcodeIndex]
            name = op_names()[max(code.builtinCode, code.deprecatedBuiltinCode)]
            if name not in HYBRID_VERSIONS:
                continue
            stored = type_names()[graph.tensors[op.inputs[LAYERS[name].weights]].type]
            result = type_names()[graph.tensors[op.outputs[0]].type]
            if result == "FLOAT32" and stored not in FLOATS:
                code.version = max(code.version, HYBRID_VERSIONS[name])
    return packed(model)

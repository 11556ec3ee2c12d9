"""The activation fused into a transposed convolution as an op of its own.

TRANSPOSE_CONV has had a fused activation since version 4, which the Edge TPU compiler and GPU
delegates refuse, and OpenVINO's reader drops without a word. RELU and its kin do the same as an op:
the result is equal to the bit. What is left of the layer is one of version 3.
"""

from __future__ import annotations

import copy
from typing import Any

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build

ACTIVATIONS = {1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6"}


def match(graph: Editor, op: Any) -> bool:
    """A float TRANSPOSE_CONV that ends with one of these."""
    return (
        graph.kind(op) == "TRANSPOSE_CONV"
        and op.builtinOptions.fusedActivationFunction in ACTIVATIONS
        and graph.dtype(op.outputs[0]) == "FLOAT32"
    )


def apply(graph: Editor, op: Any) -> None:
    """Two ops; the second gives the output."""
    build, shape = Build(graph, op), graph.shape(op.outputs[0])
    plain = graph.add_tensor(shape, f"{build.name};linear", build.target)
    layer = graph.op("TRANSPOSE_CONV", op.inputs, plain, "TransposeConvOptions", 3)
    layer.builtinOptions = copy.copy(op.builtinOptions)
    layer.builtinOptions.fusedActivationFunction = 0
    build.ops.append(layer)
    kind = ACTIVATIONS[op.builtinOptions.fusedActivationFunction]
    build.op(kind, [plain], shape, version=1)
    build.finish()

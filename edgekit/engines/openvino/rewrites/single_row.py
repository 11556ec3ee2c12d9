"""Sequences stay pictures of one row between the layers that compute them as such.

A one-dimensional convolution is a row added, a two-dimensional convolution, and the row taken away.
What stands between two of them, activations, sums, scales and joined channels, computes the same
with the row as without: so it is done with it, and adding and taking away meet and vanish. Then
OpenVINO fuses activations, and the quantization behind them, into the convolutions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines.openvino.rewrites._build import constant, row_of, sequence_of, shape

# What computes each value by itself, or pairs of values at the same place.
ELEMENTWISE = {
    "Abs", "Add", "Clamp", "Divide", "Elu", "Exp", "Gelu", "HSwish", "HardSigmoid", "Maximum",
    "Minimum", "Mish", "Multiply", "Negative", "PRelu", "Power", "Relu", "Selu", "Sigmoid",
    "SoftPlus", "SquaredDifference", "Sqrt", "Subtract", "Swish", "Tanh",
}  # fmt: skip
CHANNELS = 1


def match(op: Any) -> bool:
    """Where the row is added again, or what computes on sequences without one."""
    if again(op):
        return True
    kind, result = op.get_type_name(), shape(op.output(0))
    joined = kind == "Concat" and op.get_attributes()["axis"] == CHANNELS
    if len(result) != 3 or not (kind in ELEMENTWISE or joined):
        return False
    rows = [row_of(port.get_source_output().get_node()) for port in op.inputs()]
    rest = [constant(op, port) for port, row in enumerate(rows) if row is None]
    return len(rest) < len(rows) and all(v is not None and v.ndim <= 3 for v in rest)


def apply(op: Any) -> None:
    """Compute with the row, and take it away behind."""
    from openvino import opset13 as ops

    if row := again(op):
        for port in op.output(0).get_target_inputs():
            port.replace_source_output(row)
        row.add_names(op.output(0).get_names())
        return
    names, readers = op.output(0).get_names(), op.output(0).get_target_inputs()
    for port in op.inputs():
        value = constant(op, port.get_index())
        if value is None:
            port.replace_source_output(row_of(port.get_source_output().get_node()))
        elif value.ndim > 1:
            port.replace_source_output(ops.constant(np.expand_dims(value, -2)).output(0))
    op.validate_and_infer_types()
    line = ops.squeeze(op, np.array([2]))
    for port in readers:
        port.replace_source_output(line.output(0))
    op.output(0).set_names(set())
    line.output(0).set_names(names)


def again(op: Any) -> Any:
    """The picture of one row that an op adds the row to again; or None."""
    sequence = sequence_of(op)
    return row_of(sequence.get_node()) if sequence else None

"""Zero padding in front of a one-dimensional convolution to the convolution's own.

OpenVINO computes it as a convolution of a picture of one row. Between that and the padding stands
the op that adds the row, so OpenVINO does not join them as it does for pictures. In int8, scales do
not pass the padding either, and the convolution would run in float. Such graphs come of Keras'
padding="causal" and ZeroPadding1D.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.engines.openvino.rewrites._build import (
    WIDTH,
    constant,
    leading,
    replace,
    sequence_of,
    shape,
)

CONVOLUTIONS = ("Convolution", "GroupConvolution")


def match(op: Any) -> bool:
    """A convolution of one row, with zeros put to the ends of the row before it."""
    if op.get_type_name() not in CONVOLUTIONS or not shape(op.output(0)):
        return False
    pad = padding(op)
    if pad is None or pad.get_type_name() != "Pad" or not shape(pad.input_value(0)):
        return False
    before, after = (constant(pad, port) for port in (1, 2))
    ends = all(v is not None and not v[:-1].any() and v[-1] >= 0 for v in (before, after))
    return bool(ends and pads_with_zeros(pad) and max(margins(op, pad)) < reach(op))


def apply(op: Any) -> None:
    """Replace the convolution; the padding dies when nothing else reads it."""
    from openvino import opset13 as ops

    pad = padding(op)
    row = ops.unsqueeze(pad.input_value(0), np.array([2]))
    make = ops.convolution if op.get_type_name() == "Convolution" else ops.group_convolution
    attributes = op.get_attributes()
    first, last = margins(op, pad)
    new = make(
        row,
        op.input_value(1),
        list(attributes["strides"]),
        [0, first],
        [0, last],
        list(attributes["dilations"]),
    )
    replace(op, new)


def margins(op: Any, pad: Any) -> tuple[int, int]:
    """All zeros before and after the row: those of the padding, and the convolution's own."""
    before, after = (int(constant(pad, port)[-1]) for port in (1, 2))
    first, last = own_margins(op)
    return before + first, after + last


def reach(op: Any) -> int:
    """Over how many values of the row one window goes.

    A margin of as many has windows of nothing but zeros, for which OpenVINO's depthwise kernels
    read beyond the row.
    """
    return int((shape(op.input_value(1))[-1] - 1) * op.get_attributes()["dilations"][1] + 1)


def padding(op: Any) -> Any:
    """What stands before a convolution and the row that is added to its input; or None."""
    sequence = sequence_of(op.input_value(0).get_node())
    return sequence.get_node() if sequence else None


def pads_with_zeros(pad: Any) -> bool:
    """Whether it is not by reflection, or by another value; none given is zero."""
    value = constant(pad, 3) if pad.get_input_size() > 3 else np.zeros(())
    constantly = pad.get_attributes()["pad_mode"] == "constant"
    return bool(constantly and value is not None and not value.any())


def own_margins(op: Any) -> tuple[int, int]:
    """The padding along the row that the convolution has itself."""
    attributes = op.get_attributes()
    if attributes["auto_pad"] == "explicit":
        return int(attributes["pads_begin"][1]), int(attributes["pads_end"][1])
    if attributes["auto_pad"] == "valid":
        return 0, 0
    stride = int(attributes["strides"][1])
    wide = (shape(op.output(0))[WIDTH] - 1) * stride + reach(op)
    excess = wide - shape(op.input_value(0))[WIDTH]
    first = leading(op, WIDTH, excess, "same_lower")
    return first, max(excess, 0) - first

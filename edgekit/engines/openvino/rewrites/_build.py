"""What rewrites of OpenVINO graphs share: reading shapes and constants, and putting new ops in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
HEIGHT, WIDTH = 2, 3  # the axes of pictures


def constant(op: Any, port: int) -> Any:
    """The value of a constant input; None when it is computed."""
    node = op.input_value(port).get_node()
    return np.array(node.get_data()) if node.get_type_name() == "Constant" else None


def shape(output: Any) -> tuple[int, ...]:
    """The shape of an output; () when it is not fixed."""
    found = output.get_partial_shape()
    return tuple(found.to_shape()) if found.is_static else ()


def kernel(op: Any) -> Any:
    """The weights of a two-dimensional layer that is not dilated; None when it is another."""
    weights = constant(op, 1)
    if weights is None or weights.dtype != np.float32 or weights.ndim != 4:
        return None
    fixed = shape(op.input_value(0)) and shape(op.output(0))
    return weights if fixed and set(op.get_attributes()["dilations"]) == {1} else None


def sequence_of(op: Any) -> Any:
    """The sequence (N, C, W) that an op, after others, makes a picture of one row; or None."""
    result = shape(op.output(0))
    if len(result) != 4 or result[HEIGHT] != 1:
        return None
    return reshaped_from(op, (*result[:HEIGHT], result[WIDTH]))


def row_of(op: Any) -> Any:
    """The picture of one row that an op, after others, makes a sequence; or None."""
    result = shape(op.output(0))
    return reshaped_from(op, (*result[:2], 1, result[2])) if len(result) == 3 else None


def reshaped_from(op: Any, wanted: tuple[int, ...]) -> Any:
    """The nearest output of a shape that a chain of reshapes ends with an op from; or None."""
    while op.get_type_name() in ("Reshape", "Squeeze", "Unsqueeze"):
        source = op.input_value(0)
        if shape(source) == wanted:
            return source
        op = source.get_node()
    return None


def leading(op: Any, axis: int, excess: int, uneven: str) -> int:
    """How much of a layer's padding stands before the picture.

    `excess` is all of the padding for same, and `uneven` the kind of same that puts the odd one
    there.
    """
    attributes = op.get_attributes()
    if attributes["auto_pad"] == "explicit":
        return int(attributes["pads_begin"][axis - HEIGHT])
    if attributes["auto_pad"] == "valid":
        return 0
    return (max(excess, 0) + int(attributes["auto_pad"] == uneven)) // 2


def replace(op: Any, new: Any) -> None:
    """Let everything that reads an op read another one, under the same names."""
    target, names = new.output(0), op.output(0).get_names()
    for port in op.output(0).get_target_inputs():
        port.replace_source_output(target)
    target.add_names(names)
    new.set_friendly_name(op.get_friendly_name())


def convolution(image: Any, weights: Array, margins: Sequence[tuple[int, int]]) -> Any:
    """A convolution of stride 1 with weights (outputs, height, width, inputs)."""
    from openvino import opset13 as ops

    ordered = np.ascontiguousarray(weights.transpose(0, 3, 1, 2), np.float32)
    before, after = (list(each) for each in zip(*margins, strict=True))
    return ops.convolution(image, ops.constant(ordered), [1, 1], before, after, [1, 1])


def interleaved(image: Any, scales: tuple[int, int]) -> Any:
    """Channels in the order (rows, columns, outputs) spread to places: depth to space."""
    from openvino import opset13 as ops

    down, across = scales
    if down == across:
        return ops.depth_to_space(image, "blocks_first", down) if down > 1 else image
    batch, channels, height, width = shape(image.output(0))
    outputs = channels // (down * across)
    split = ops.reshape(image, np.array([batch, down, across, outputs, height, width]), False)
    ordered = ops.transpose(split, np.array([0, 3, 4, 1, 5, 2]))
    return ops.reshape(ordered, np.array([batch, outputs, height * down, width * across]), False)


def cropped(image: Any, first: tuple[int, int], size: tuple[int, ...]) -> Any:
    """A part of a picture: its first row and column, and its height and width."""
    from openvino import opset13 as ops

    if shape(image.output(0))[HEIGHT:] == size:
        return image
    last = np.array(first) + size
    axes = np.array([HEIGHT, WIDTH])
    return ops.slice(image, np.array(first), last, np.array([1, 1]), axes)


def replace_by_phases(
    op: Any,
    image: Any,
    weights: Array,
    margins: Sequence[tuple[int, int]],
    scales: tuple[int, int],
    first: tuple[int, int],
) -> None:
    """Replace an op by a convolution that computes all phases of its output from a small image.

    `weights` and `margins` are those of the convolution, `scales` how many phases there are down
    and across, `first` the row and column that the output begins with.
    """
    spread = interleaved(convolution(image, weights, margins), scales)
    replace(op, cropped(spread, first, shape(op.output(0))[HEIGHT:]))

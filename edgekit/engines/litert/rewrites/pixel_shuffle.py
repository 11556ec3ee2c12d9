"""Pixel shuffle by reshape and transpose to depth-to-space.

As users write it, a shuffle by k goes through six dimensions. Where channel (k·i + j)·C + c goes
to (k·y + i, k·x + j, c) it is DEPTH_TO_SPACE. In PyTorch's order, channel c·k² + k·i + j, or any
other, it is DEPTH_TO_SPACE of the channels in another order, which is the order of the filters of
the convolution before. Where values go is read off the chain of ops itself. Values are only moved:
the result is equal to the bit.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.rewrites._build import Build
from edgekit.engines.litert.rewrites._movement import chains, positions

Array = NDArray[Any]


@dataclass
class Shuffle:
    """The source, the block, and the channel that belongs at each place of depth-to-space."""

    source: int
    block: int
    order: Array
    rank: int

    def plain(self) -> bool:
        """Whether it is depth-to-space as it is."""
        return bool((np.diff(self.order) == 1).all())


def match(graph: Editor, op: Any) -> bool:
    """The last op of a shuffle in more than four dimensions, or in another order."""
    found = shuffle(graph, op)
    if found is None:
        return False
    return found.rank > 4 if found.plain() else convolution(graph, found.source) is not None


def apply(graph: Editor, op: Any) -> None:
    """Reorder the filters where needed, then shuffle."""
    found = shuffle(graph, op)
    assert found is not None  # by match
    build, source = Build(graph, op), found.source
    before = None if found.plain() else convolution(graph, source)
    if before is not None:
        source = graph.add_tensor(graph.shape(source), f"{build.name};reordered", source)
        new = copy.copy(before)
        new.outputs = [source]
        new.inputs = [int(before.inputs[0])]
        for tensor in before.inputs[1:]:
            new.inputs.append(build.constant(graph.value(tensor)[found.order]))
        graph.replace([before], [new])
    shape = graph.shape(op.outputs[0])
    build.op("DEPTH_TO_SPACE", [source], shape, "DepthToSpaceOptions", blockSize=found.block)
    build.finish()


def shuffle(graph: Editor, op: Any) -> Shuffle | None:
    """What the op, the last of its chain, does, when that is a shuffle."""
    target = graph.shape(op.outputs[0])
    for chain in chains(graph, op):
        source = int(chain[0].inputs[0])
        shape = graph.shape(source)
        if len(shape) != 4 or len(target) != 4 or len(chain) < 2:
            continue
        (batch, height, width, _), channels = shape, target[3]
        block = target[1] // height
        if block < 2 or target != (batch, block * height, block * width, shape[3] // block**2):
            continue
        moved = positions(graph, chain)
        order = moved[0, :block, :block].reshape(-1)
        if not np.array_equal(np.sort(order), np.arange(shape[3])):
            continue
        spread = np.arange(moved.size, dtype=np.int32).reshape(shape)[..., order]
        spread = spread.reshape(batch, height, width, block, block, channels)
        if np.array_equal(moved, spread.transpose(0, 1, 3, 2, 4, 5).reshape(target)):
            rank = max(len(graph.shape(each.outputs[0])) for each in chain)
            return Shuffle(source=source, block=block, order=order, rank=rank)
    return None


def convolution(graph: Editor, tensor: int) -> Any | None:
    """The float convolution that computes a tensor for a single reader."""
    op = graph.producer(tensor)
    if op is None or graph.kind(op) != "CONV_2D" or graph.is_output(tensor):
        return None
    fixed = all(
        graph.constant(i) is not None and graph.dtype(i) == "FLOAT32" for i in op.inputs[1:]
    )
    return op if fixed and len(graph.consumers(tensor)) == 1 else None

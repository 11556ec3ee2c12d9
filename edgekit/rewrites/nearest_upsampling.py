"""Nearest-neighbour enlargement to concatenation and depth-to-space.

Keras' UpSampling2D(k) lowers to two five-dimensional tiles, which XNNPACK has no kernel for. Depth
to space with block k takes the value at (k·y + i, k·x + j, c) from channel (k·i + j)·C + c at
(y, x); so over k² copies of the channels it repeats every pixel k times in both directions. Values
are only copied: the result is equal to the bit.
"""

from __future__ import annotations

from typing import Any

from edgekit.litert_edit import Editor, int8_version

CHAIN = ("RESHAPE", "TILE", "RESHAPE", "TILE", "RESHAPE")
MOST = 5  # inputs that XNNPACK's concatenation takes


def match(graph: Editor, op: Any) -> bool:
    """The first reshape of an enlargement by the same whole factor in both directions."""
    chain = following(graph, op)
    if chain is None:
        return False
    source, target = graph.shape(op.inputs[0]), graph.shape(chain[-1].outputs[0])
    if len(source) != 4 or len(target) != 4:
        return False
    (batch, height, width, channels), factor = source, target[1] // source[1]
    return (
        1 < factor <= MOST
        and target == (batch, height * factor, width * factor, channels)
        and graph.shape(op.outputs[0]) == (batch, height, 1, width, channels)
        and graph.shape(chain[1].outputs[0]) == (batch, height, factor, width, channels)
        and graph.shape(chain[2].outputs[0]) == (batch, height * factor, width, 1, channels)
        and graph.shape(chain[3].outputs[0]) == (batch, height * factor, width, factor, channels)
    )


def apply(graph: Editor, op: Any) -> None:
    """Replace the five ops; the last one's output tensor stays."""
    chain = following(graph, op)
    assert chain is not None  # by match
    source, target = op.inputs[0], chain[-1].outputs[0]
    batch, height, width, channels = graph.shape(source)
    factor = graph.shape(target)[1] // height
    version = int8_version(graph, source)
    name = graph.tensor(target).name.decode()
    new, copies, tensor = [], 1, source
    for _ in range(2):  # k copies of k copies
        copies *= factor
        shape = (batch, height, width, channels * copies)
        wider = graph.add_tensor(shape, f"{name};copies{copies}", source)
        new.append(
            graph.op("CONCATENATION", [tensor] * factor, wider, "ConcatenationOptions",
                     version=version, axis=3)
        )  # fmt: skip
        tensor = wider
    new.append(
        graph.op("DEPTH_TO_SPACE", [tensor], target, "DepthToSpaceOptions",
                 version=version, blockSize=factor)
    )  # fmt: skip
    graph.replace(chain, new)


def following(graph: Editor, op: Any) -> list[Any] | None:
    """The five ops from this one on, when each but the last feeds only the next."""
    chain = [op]
    for kind in CHAIN:
        if graph.kind(chain[-1]) != kind:
            return None
        if len(chain) == len(CHAIN):
            return chain
        result = chain[-1].outputs[0]
        readers = graph.consumers(result)
        if len(readers) != 1 or graph.is_output(result):
            return None
        chain.append(readers[0])
    return None

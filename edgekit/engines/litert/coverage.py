"""What XNNPACK takes of a LiteRT graph.

It is a delegate: what it leaves runs in LiteRT's own, slower kernels.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from edgekit.engines import Work
from edgekit.engines.litert.file import BORDER_OPS, read_graph

SHAPE_OPS = {"SHAPE", "PACK", "STRIDED_SLICE"}


def executed(path: Path) -> tuple[list[Work], list[str]]:
    """Every op, taken by XNNPACK or not, and why some were left.

    The interpreter lists delegated partitions as extra DELEGATE nodes: an op belongs to one when
    it lies between that node's outputs and inputs.
    """
    from edgekit.engines.litert.runtime import interpreter_class

    interpreter = interpreter_class()(model_path=str(path))
    interpreter.allocate_tensors()
    nodes = interpreter._get_ops_details()
    dtypes = {d["index"]: d["dtype"].__name__ for d in interpreter.get_tensor_details()}
    ops = [node for node in nodes if node["op_name"] != "DELEGATE"]
    producers = {int(i): k for k, op in enumerate(ops) for i in op["outputs"]}
    taken: set[int] = set()
    for node in nodes:
        if node["op_name"] == "DELEGATE":
            inputs = {int(i) for i in node["inputs"]}
            taken |= between(inputs, [int(i) for i in node["outputs"]], producers, ops)
    left = [op for k, op in enumerate(ops) if k not in taken]
    shapes_computed = any(op["op_name"] in SHAPE_OPS for op in ops)
    reasons = []
    for name in sorted({op["op_name"] for op in left}):
        some = [op for op in left if op["op_name"] == name]
        kinds = sorted({dtypes.get(int(i), "?") for op in some for i in op["outputs"]})
        why = (
            "its output shape is computed"
            if shapes_computed and name == "TRANSPOSE_CONV"
            else (f"XNNPACK has no kernel for it in {'/'.join(kinds)}")
        )
        reasons.append(f"{len(some)} × {name}: {why}")
    shapes = {d["index"]: tuple(map(int, d["shape"])) for d in interpreter.get_tensor_details()}
    work = [
        Work(multiply_adds=multiply_adds(op, shapes), fast=k in taken) for k, op in enumerate(ops)
    ]
    return work, [*reasons, *float_leftovers(path)]


def multiply_adds(op: Any, shapes: Mapping[int, tuple[int, ...]]) -> int:
    """Multiply-adds of an op, from its shapes: output values × what each of them sums.

    A transposed convolution is counted by its inputs: each meets the whole kernel.
    """
    inputs = [shapes.get(int(i), ()) for i in op["inputs"]]
    result = prod(shapes.get(int(op["outputs"][0]), ()))
    match op["op_name"]:
        case "CONV_2D":
            return result * prod(inputs[1][1:])
        case "DEPTHWISE_CONV_2D":
            return result * prod(inputs[1][1:3])
        case "FULLY_CONNECTED":
            return result * inputs[1][-1]
        case "TRANSPOSE_CONV":  # inputs: shape of the output, kernel, image
            return prod(inputs[2][:3]) * prod(inputs[1])
        case "BATCH_MATMUL":
            return result * inputs[0][-1]
    return 0


def float_leftovers(path: Path) -> list[str]:
    """What a statically quantized graph still computes in float: converters do not say."""
    graph = read_graph(path)
    static = any(op.name not in BORDER_OPS and graph.integer(op) for op in graph.ops)
    left = [op.name for op in graph.float_ops()] if static else []
    return [f"{left.count(name)} × {name}: computes in float" for name in sorted(set(left))]


def between(
    inputs: set[int], outputs: list[int], producers: dict[int, int], ops: list[Any]
) -> set[int]:
    """Ops on the way back from `outputs` to `inputs`."""
    found: set[int] = set()
    waiting = list(outputs)
    while waiting:
        tensor = waiting.pop()
        op = producers.get(tensor)
        if op is None or op in found:
            continue
        found.add(op)
        waiting += [int(i) for i in ops[op]["inputs"] if int(i) not in inputs]
    return found

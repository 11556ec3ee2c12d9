"""Which ops of an artifact its engine's fast path took, and which fell out."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from edgekit.litert_file import BORDER_OPS, read_graph
from edgekit.model import Model
from edgekit.typed import Typed

# XNNPACK's fast path is a delegate; what it leaves runs in LiteRT's own, slower kernels.
SHAPE_OPS = {"SHAPE", "PACK", "STRIDED_SLICE"}
HIDDEN_OPENVINO = {"Parameter", "Result", "Constant"}


class Coverage(Typed, frozen=True):
    """How much of an artifact its engine's fast path took.

    Shares (0…1) of the ops and of the multiply-adds, and a line for each kind of op that fell out.
    """

    ops: float
    multiply_adds: float
    fallbacks: tuple[str, ...]


class Work(Typed, frozen=True):
    """One op: its multiply-adds, and whether the fast path took it."""

    multiply_adds: int
    fast: bool


def coverage(folder: Path, model: Model, engine: str) -> Coverage:
    """What the engine does with every signature of a model."""
    measure = litert_coverage if engine == "litert" else openvino_coverage
    work: list[Work] = []
    lines: list[str] = []
    for file in model.files.values():
        ops, reasons = measure(folder / file)
        work += ops
        lines += [reason for reason in reasons if reason not in lines]
    total = sum(op.multiply_adds for op in work)
    taken = sum(op.multiply_adds for op in work if op.fast)
    return Coverage(
        ops=sum(op.fast for op in work) / len(work) if work else 1.0,
        multiply_adds=taken / total if total else 1.0,
        fallbacks=tuple(lines),
    )


def litert_coverage(path: Path) -> tuple[list[Work], list[str]]:
    """Every op, taken by XNNPACK or not, and why some were left.

    The interpreter lists delegated partitions as extra DELEGATE nodes: an op belongs to one when
    it lies between that node's outputs and inputs.
    """
    from edgekit.runtime.engines.litert import interpreter_class

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
        Work(multiply_adds=litert_multiply_adds(op, shapes), fast=k in taken)
        for k, op in enumerate(ops)
    ]
    return work, [*reasons, *float_leftovers(path)]


def litert_multiply_adds(op: Any, shapes: Mapping[int, tuple[int, ...]]) -> int:
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


def openvino_coverage(path: Path) -> tuple[list[Work], list[str]]:
    """Every executed layer, on an optimized primitive or not, and those on reference code."""
    import openvino

    from edgekit.runtime.engines.openvino import CONFIG

    compiled = openvino.Core().compile_model(str(path), "CPU", CONFIG)
    ops = list(compiled.get_runtime_model().get_ordered_ops())
    work, slow = [], []
    for op in ops:
        layer = info(op, "layerType")
        if layer not in HIDDEN_OPENVINO:
            fast = "ref" not in info(op, "primitiveType") or layer == "Reshape"
            work.append(Work(multiply_adds=openvino_multiply_adds(op, layer), fast=fast))
            slow += [] if fast else [layer]
    reasons = [f"{slow.count(layer)} × {layer}: reference kernel" for layer in sorted(set(slow))]
    return work, reasons


def openvino_multiply_adds(op: Any, layer: str) -> int:
    """Multiply-adds of an executed layer, from its shapes."""
    if layer not in ("Convolution", "Deconvolution", "FullyConnected", "MatMul"):
        return 0
    image, weights = (tuple(op.input(k).get_partial_shape().to_shape()) for k in (0, 1))
    result = prod(op.output(0).get_shape())
    grouped = len(weights) - len(image)  # weights of grouped ones begin with the groups
    if layer == "Convolution":  # weights: outputs, inputs, kernel
        return int(result * prod(weights[grouped + 1 :]))
    if layer == "Deconvolution":  # weights: inputs, outputs, kernel
        return int(prod(image) * prod(weights[grouped + 1 :]))
    return int(result * image[-1])


def info(op: Any, key: str) -> str:
    """An entry of a runtime op's information."""
    entries = op.get_rt_info()
    return str(entries[key].value if key in entries else "")

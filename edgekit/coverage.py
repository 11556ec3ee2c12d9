"""Which ops of an artifact its engine's fast path took, and which fell out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgekit.litert_file import BORDER_OPS, read_graph
from edgekit.model import Model

# XNNPACK's fast path is a delegate; what it leaves runs in LiteRT's own, slower kernels.
SHAPE_OPS = {"SHAPE", "PACK", "STRIDED_SLICE"}
HIDDEN_OPENVINO = {"Parameter", "Result", "Constant"}


def coverage(folder: Path, model: Model, engine: str) -> tuple[float, tuple[str, ...]]:
    """The share of ops (0…1) on the fast path, and a line for each kind of op that is not."""
    measure = litert_coverage if engine == "litert" else openvino_coverage
    taken, total, lines = 0, 0, list[str]()
    for file in model.files.values():
        own, ops, reasons = measure(folder / file)
        taken, total = taken + own, total + ops
        lines += [reason for reason in reasons if reason not in lines]
    return (taken / total if total else 1.0), tuple(lines)


def litert_coverage(path: Path) -> tuple[int, int, list[str]]:
    """Ops that XNNPACK took, all ops, and why others were left.

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
    return len(taken), len(ops), [*reasons, *float_leftovers(path)]


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


def openvino_coverage(path: Path) -> tuple[int, int, list[str]]:
    """Executed layers on optimized primitives, all layers, and those on reference code."""
    import openvino

    from edgekit.runtime.engines.openvino import CONFIG

    compiled = openvino.Core().compile_model(str(path), "CPU", CONFIG)
    ops = list(compiled.get_runtime_model().get_ordered_ops())
    kinds = [(info(op, "layerType"), info(op, "primitiveType")) for op in ops]
    real = [(layer, primitive) for layer, primitive in kinds if layer not in HIDDEN_OPENVINO]
    slow = [layer for layer, primitive in real if "ref" in primitive and layer != "Reshape"]
    reasons = [f"{slow.count(layer)} × {layer}: reference kernel" for layer in sorted(set(slow))]
    return len(real) - len(slow), len(real), reasons


def info(op: Any, key: str) -> str:
    """An entry of a runtime op's information."""
    entries = op.get_rt_info()
    return str(entries[key].value if key in entries else "")

"""What is inside a .tflite file, read from the flatbuffer itself (no interpreter)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.errors import InputError, PassError, require
from edgekit.typed import Typed

REWRITES = "edgekit.rewrites"  # the metadata entry with what was rewritten
VARIABLE_OPS = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}
FLOATS = {"FLOAT32", "FLOAT16", "FLOAT64", "BFLOAT16"}
# Ops at the border of an integer graph: they turn float to integer and back.
BORDER_OPS = {"QUANTIZE", "DEQUANTIZE"}


class Layer(Typed, frozen=True):
    """Which of a layer's inputs is the one it works on, which are its weights and its bias."""

    input: int
    weights: int
    bias: int | None = None


LAYERS = {
    "FULLY_CONNECTED": Layer(input=0, weights=1, bias=2),
    "CONV_2D": Layer(input=0, weights=1, bias=2),
    "DEPTHWISE_CONV_2D": Layer(input=0, weights=1, bias=2),
    "TRANSPOSE_CONV": Layer(input=2, weights=1, bias=3),
    "BATCH_MATMUL": Layer(input=0, weights=1),
    "EMBEDDING_LOOKUP": Layer(input=0, weights=1),
}
# Layers whose integer kernels take weights as they are stored, with zero points of 0 alone.
CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")


class TensorInfo(Typed, frozen=True):
    """One tensor: `bytes` is the size of its constant data, 0 when computed."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int


class OpInfo(Typed, frozen=True):
    """One operator: its builtin name, version, and tensor indices (-1: absent)."""

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Graph(Typed, frozen=True):
    """The first subgraph; of the others (bodies of loops) names of ops and number of constants."""

    tensors: tuple[TensorInfo, ...]
    ops: tuple[OpInfo, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    inner: tuple[str, ...]
    inner_constants: int

    def constants(self) -> int:
        """Number of constant elements (weights, and small shape tensors)."""
        return sum(prod(t.shape) for t in self.tensors if t.bytes)

    def stored(self) -> set[int]:
        """The tensors that are constants, or of half precision and only widened."""
        constants = {index for index, tensor in enumerate(self.tensors) if tensor.bytes}
        widening = [op for op in self.ops if op.name == "DEQUANTIZE" and op.inputs[0] in constants]
        return constants.union(*(op.outputs for op in widening))

    def integer(self, op: OpInfo) -> bool:
        """Whether an op gives quantized values."""
        return any(self.tensors[i].dtype in ("INT8", "UINT8", "INT16") for i in op.outputs)

    def float_ops(self) -> list[OpInfo]:
        """Ops that compute in floating point, other than at the border of an integer graph."""
        return [
            op
            for op in self.ops
            if op.name not in BORDER_OPS
            and any(self.tensors[i].dtype in FLOATS for i in op.outputs)
        ]


def read_graph(path: Path) -> Graph:
    """Read a .tflite file; raises InputError when it is none."""
    model = parse(path)
    codes = [(op_names()[max(c.builtinCode, c.deprecatedBuiltinCode)], c.version)
             for c in model.operatorCodes]  # fmt: skip
    main, *others = model.subgraphs
    sizes = [buffer_size(buffer) for buffer in model.buffers]
    tensors = tuple(
        TensorInfo(
            name=(tensor.name or b"").decode(),
            dtype=type_names()[tensor.type],
            shape=tuple(int(n) for n in indices(tensor.shape)),
            bytes=sizes[tensor.buffer],
        )
        for tensor in main.tensors
    )
    ops = tuple(
        OpInfo(
            name=codes[op.opcodeIndex][0],
            version=codes[op.opcodeIndex][1],
            inputs=tuple(int(i) for i in indices(op.inputs)),
            outputs=tuple(int(i) for i in indices(op.outputs)),
        )
        for op in main.operators
    )
    return Graph(
        tensors=tensors,
        ops=ops,
        inputs=tuple(int(i) for i in indices(main.inputs)),
        outputs=tuple(int(i) for i in indices(main.outputs)),
        inner=tuple(codes[op.opcodeIndex][0] for g in others for op in g.operators or ()),
        inner_constants=sum(
            prod(map(int, indices(tensor.shape)))
            for graph in others
            for tensor in graph.tensors
            if sizes[tensor.buffer]
        ),
    )


def dense_widths(path: Path) -> dict[str, int]:
    """How many inputs each dense layer with constant weights has, by the name of its output."""
    graph = read_graph(path)
    dense = [op for op in graph.ops if op.name == "FULLY_CONNECTED"]
    weights = [(op, graph.tensors[op.inputs[1]]) for op in dense]
    return {graph.tensors[op.outputs[0]].name: w.shape[-1] for op, w in weights if w.bytes}


def computed_convolutions(path: Path) -> dict[str, bool]:
    """Convolutions whose weights are computed, by the name of their output: is it of integers?

    Integer kernels refuse such weights, or take their zero points for 0 without a word.
    """
    graph = read_graph(path)
    stored = graph.stored()
    return {
        graph.tensors[op.outputs[0]].name: graph.integer(op)
        for op in graph.ops
        if op.name in CONVOLUTIONS and op.inputs[LAYERS[op.name].weights] not in stored
    }


def dense_tables(path: Path) -> int:
    """Bytes of the scales and zero points of dense layers that have one for each channel."""
    model, found = parse(path), 0
    names = [op_names()[max(c.builtinCode, c.deprecatedBuiltinCode)] for c in model.operatorCodes]
    for graph in model.subgraphs:
        for op in graph.operators or ():
            if names[op.opcodeIndex] == "FULLY_CONNECTED":
                table = graph.tensors[op.inputs[1]].quantization
                scales = len(indices(table.scale)) if table else 0
                found += 12 * scales if scales > 1 else 0
    return found


def parse(path: Path) -> Any:
    """The flatbuffer's object form."""
    require("ai_edge_litert", "litert")

    content = path.read_bytes()
    if content[4:8] != b"TFL3":
        raise InputError(f"'{path}' is not a .tflite file")
    try:
        return unpacked(content)
    except Exception:  # a damaged file raises nearly every type here
        raise InputError(f"'{path}' is cut off or damaged; copy it again") from None


def unpacked(content: bytes) -> Any:
    """The object form of a file's content, with data that lies behind the table brought into it.

    litert-quantizer puts large buffers there; packing the object again would lose them.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for buffer in model.buffers:
        if buffer.offset > 1:  # 0 and 1 mean that there is nothing outside
            outside = content[buffer.offset : buffer.offset + buffer.size]
            buffer.data = np.frombuffer(outside, np.uint8)
            buffer.offset = buffer.size = 0
    return model


def read_note(path: Path, name: str) -> bytes:
    """An entry of the file's metadata; empty when there is none."""
    model = parse(path)
    for entry in model.metadata or []:
        if entry.name == name.encode():
            return bytes(model.buffers[entry.buffer].data)
    return b""


def read_rewrites(path: Path) -> list[dict[str, Any]]:
    """What the pass rewrite-litert noted in the file: each rewrite, with ops before and after."""
    found: list[dict[str, Any]] = json.loads(read_note(path, REWRITES) or b"[]")
    return found


def indices(values: Any) -> Sequence[int]:
    """A flatbuffer vector, which is None when empty."""
    return [] if values is None else values


def buffer_size(buffer: Any) -> int:
    """Bytes of a buffer."""
    return 0 if buffer.data is None else len(buffer.data)


@cache
def op_names() -> dict[int, str]:
    """Builtin operator names by code."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    return {v: k for k, v in vars(BuiltinOperator).items() if isinstance(v, int)}


@cache
def type_names() -> dict[int, str]:
    """Tensor type names by code."""
    from ai_edge_litert.schema_py_generated import TensorType

    return {v: k for k, v in vars(TensorType).items() if isinstance(v, int)}


def check_weights_present(paths: Iterable[Path], parameters: int) -> None:
    """Raise PassError when a lowering lost the weights, which converters do without a word.

    Either the graph still refers to variables, or it holds less than half the net's parameters
    (folding batch normalization and dropping unused outputs takes some away).
    """
    total = 0
    for path in paths:
        graph = read_graph(path)
        names = {op.name for op in graph.ops} | set(graph.inner)
        if found := sorted(names & VARIABLE_OPS):
            raise PassError(
                f"'{path.name}' reads variables that are not in the file ({', '.join(found)}): "
                "the converter lost the weights; export the model with model.export()"
            )
        total += graph.constants() + graph.inner_constants
    if total < 0.5 * parameters:
        raise PassError(
            f"the lowered graph holds {total} weights of {parameters}: the converter lost some; "
            "export the model with model.export()"
        )

"""A LiteRT graph in its object form, with the few edits that rewrites need."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.engines.litert.file import LAYERS, indices, op_names, parse, type_names
from edgekit.engines.litert.pack import packed
from edgekit.engines.litert.wiring import Wiring

Array = NDArray[Any]

NUMPY_TYPES = {"FLOAT32": np.float32, "INT32": np.int32, "INT8": np.int8, "INT64": np.int64,
               "FLOAT16": np.float16, "UINT8": np.uint8, "INT16": np.int16}  # fmt: skip
# Ops that do something besides giving outputs.
ACTING = {"ASSIGN_VARIABLE", "CALL_ONCE", "CUSTOM", "IF", "WHILE"}


class Editor(Wiring):
    """The main subgraph of a model. Ops and tensors are the schema's own mutable objects."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self.schema = schema
        self.model = parse(path)
        self.graph = self.model.subgraphs[0]
        for op in self.graph.operators:
            op.inputs, op.outputs = integers(op.inputs), integers(op.outputs)
        super().__init__(self.graph.operators, integers(self.graph.outputs))
        self.graph.operators = None  # until it is saved
        self._names = Counter(tensor.name for tensor in self.graph.tensors)

    def save(self, path: Path) -> None:
        """Write the model as a .tflite file."""
        self.graph.operators = list(self.ops())
        self._drop_unused()
        path.write_bytes(packed(self.model))

    def kind(self, op: Any) -> str:
        """An op's builtin name."""
        code = self.model.operatorCodes[op.opcodeIndex]
        return op_names()[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def tensor(self, index: int) -> Any:
        """A tensor by index."""
        return self.graph.tensors[index]

    def shape(self, index: int) -> tuple[int, ...]:
        """A tensor's static shape."""
        return tuple(int(n) for n in indices(self.tensor(index).shape))

    def dtype(self, index: int) -> str:
        """A tensor's type name, such as FLOAT32."""
        return type_names()[self.tensor(index).type]

    def constant(self, index: int) -> Array | None:
        """The value of a constant tensor; None when it is computed or of another type."""
        tensor = self.tensor(index)
        data = self.model.buffers[tensor.buffer].data
        kind = NUMPY_TYPES.get(self.dtype(index))
        if data is None or len(data) == 0 or kind is None:
            return None
        return np.frombuffer(data, kind).reshape(self.shape(index))

    def value(self, index: int) -> Array:
        """The value of a tensor that is known to be constant."""
        found = self.constant(index)
        assert found is not None
        return found

    def bias(self, op: Any) -> int | None:
        """The tensor of a layer's bias; None when it has none."""
        place = LAYERS[self.kind(op)].bias
        there = place is not None and len(op.inputs) > place and op.inputs[place] >= 0
        return int(op.inputs[place]) if there else None

    def add_constant(self, value: Array, name: str, like: int | None = None) -> int:
        """A new constant; quantization parameters are copied from the tensor `like`."""
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        kind = next(k for k, v in NUMPY_TYPES.items() if v == value.dtype)
        index = self._add_tensor(value.shape, kind, name, like)
        self.tensor(index).buffer = len(self.model.buffers) - 1
        return index

    def add_tensor(self, shape: Sequence[int], name: str, like: int) -> int:
        """A new computed tensor of the type and quantization of the tensor `like`."""
        return self._add_tensor(shape, self.dtype(like), name, like)

    def _add_tensor(self, shape: Sequence[int], kind: str, name: str, like: int | None) -> int:
        tensor = self.schema.TensorT()
        tensor.name = self._unused(name.encode())
        tensor.shape = np.array(shape, np.int32)
        tensor.type = getattr(self.schema.TensorType, kind)
        tensor.buffer = 0
        tensor.hasRank = True
        if like is not None:
            tensor.quantization = copy.deepcopy(self.tensor(like).quantization)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        output: int,
        options: str | None = None,
        version: int = 1,
        **fields: Any,
    ) -> Any:
        """A new op, not yet in the graph; `options` names its options table, with `fields`."""
        op = self.schema.OperatorT()
        op.opcodeIndex = self._code(kind, version)
        op.inputs, op.outputs = list(inputs), [output]
        if options:
            op.builtinOptionsType = getattr(self.schema.BuiltinOptions, options)
            op.builtinOptions = getattr(self.schema, f"{options}T")()
            for name, value in fields.items():
                setattr(op.builtinOptions, name, value)
        return op

    def drop_dead(self) -> None:
        """Take out ops whose outputs nothing reads."""
        while (op := self.unread()) is not None:
            if self.kind(op) not in ACTING:
                self.remove(op)

    def note(self, name: str, content: bytes) -> None:
        """Keep a note in the file's metadata, in the place of an earlier one of that name."""
        entry, buffer = self.schema.MetadataT(), self.schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        self.model.buffers.append(buffer)
        entry.name, entry.buffer = name.encode(), len(self.model.buffers) - 1
        others = [m for m in self.model.metadata or [] if m.name != entry.name]
        self.model.metadata = [*others, entry]

    def _unused(self, name: bytes) -> bytes:
        """The name, numbered when it is taken: quantizers know tensors by their names."""
        self._names[name] += 1
        times = self._names[name]
        return name if times == 1 else self._unused(name + b"_%d" % times)

    def _drop_unused(self) -> None:
        """Take out tensors that no op uses, with their data; only the main graph is renumbered."""
        graph = self.graph
        ends = [*indices(graph.inputs), *indices(graph.outputs)]
        used = {int(i) for op in graph.operators for i in touched(op)} | set(ends)
        kept = [index for index in range(len(graph.tensors)) if index in used]
        place = {old: new for new, old in enumerate(kept)} | {-1: -1}
        graph.tensors = [graph.tensors[index] for index in kept]
        for op in graph.operators:
            op.inputs = [place[int(i)] for i in op.inputs]
            op.outputs = [place[int(i)] for i in op.outputs]
            op.intermediates = [place[int(i)] for i in indices(op.intermediates)] or None
        graph.inputs = [place[int(i)] for i in indices(graph.inputs)]
        graph.outputs = [place[int(i)] for i in indices(graph.outputs)]
        for signature in self.model.signatureDefs or []:
            for entry in (*signature.inputs, *signature.outputs):
                entry.tensorIndex = place[entry.tensorIndex]
        held = {tensor.buffer for g in self.model.subgraphs for tensor in g.tensors}
        held |= {entry.buffer for entry in self.model.metadata or []}
        for index, buffer in enumerate(self.model.buffers):
            if index not in held:
                buffer.data = None

    def _code(self, kind: str, version: int) -> int:
        builtin = getattr(self.schema.BuiltinOperator, kind)
        codes = self.model.operatorCodes
        for index, code in enumerate(codes):
            same = max(code.builtinCode, code.deprecatedBuiltinCode) == builtin
            if same and code.version == version:
                return index
        code = self.schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode = builtin, min(builtin, 127)
        code.version = version
        codes.append(code)
        return len(codes) - 1


def touched(op: Any) -> list[int]:
    """The tensors that an op reads, writes, or keeps for itself."""
    return [*op.inputs, *op.outputs, *indices(op.intermediates)]


def integers(values: Any) -> list[int]:
    """A flatbuffer vector of tensors, whose numbers are NumPy's."""
    return [int(value) for value in indices(values)]


def int8_version(graph: Editor, index: int) -> int:
    """The version of ops that came to int8 with their second."""
    return 2 if graph.dtype(index) == "INT8" else 1

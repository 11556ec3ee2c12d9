"""SavedModel folders, as `model.export()` and `tf.saved_model.save` write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError
from edgekit.families._base import PartInfo
from edgekit.model import Tensor
from edgekit.sources import Trust

# Stateful ops that a net has a use for; any other stateful op may reach outside the graph.
STATEFUL = re.compile(
    r"(Stateful)?PartitionedCall|VarHandleOp|ReadVariableOp|Variable\w*|(Stateless)?(While|If|Case)"
    r"|Random\w+|TruncatedNormal|Multinomial|Placeholder\w*|TensorList\w*|NoOp|Assert"
)


def matches(path: Path) -> bool:
    """A folder with saved_model.pb."""
    return (path / "saved_model.pb").is_file()


def check(path: Path, trust: Trust) -> None:
    """Nothing: only TensorFlow reads what lies in the folder."""


def open_parts(path: Path, trust: Trust) -> dict[str, SavedModelPart]:
    """Load the serving signature of a SavedModel.

    Raises:
        ModelError: corrupt, no signature, or ops that touch files or Python without --trust.
    """
    import tensorflow as tf

    if not trust.trust and (unsafe := sorted(outside_ops(path))):
        raise ModelError(
            f"'{path}' holds ops that reach outside the graph ({', '.join(unsafe)}); "
            "pass --trust if you made it"
        )
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises many types for a damaged folder
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"'{path}' cannot be loaded: {reason}; export it again") from None
    signatures = dict(loaded.signatures)
    if not signatures:
        raise ModelError(f"'{path}' has no signature; write it with model.export(folder)")
    if len(signatures) > 1 and "serving_default" not in signatures:
        raise ModelError(
            f"'{path}' has several signatures ({', '.join(sorted(signatures))}) and none is "
            "'serving_default'; export the one to convert"
        )
    chosen = signatures.get("serving_default") or next(iter(signatures.values()))
    return {"": SavedModelPart(path, loaded, chosen)}


def outside_ops(path: Path) -> set[str]:
    """Types of stateful ops, other than a net's own, that loading or calling may run.

    Walks back from every signature (the initializer is one) through the functions that are
    called; what only TensorFlow's own saving and restoring uses is not reached. Tables and other
    resources run initializers when they are loaded, and are reported as such.
    """
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
    from tensorflow.python.framework import op_def_registry

    proto = SavedModel()
    try:
        proto.ParseFromString((path / "saved_model.pb").read_bytes())
    except Exception as error:  # protobuf's own DecodeError differs between its releases
        raise ModelError(f"'{path}' is corrupt ({error}); export it again") from None
    found: set[str] = set()
    for meta in proto.meta_graphs:
        functions = {f.signature.name: list(f.node_def) for f in meta.graph_def.library.function}
        nodes = {node.name: node for node in meta.graph_def.node}
        ends = [t.name for s in meta.signature_def.values() for t in s.outputs.values()]
        waiting, seen = [node_name(end) for end in ends], set[str]()
        reached: list[Any] = []
        while waiting:
            name = waiting.pop()
            if name in nodes and name not in seen:
                seen.add(name)
                reached.append(nodes[name])
                waiting += [node_name(source) for source in nodes[name].input]
        called: set[str] = set()
        while reached:
            node = reached.pop()
            definition = op_def_registry.get(node.op)
            if (
                definition is not None
                and definition.is_stateful
                and not STATEFUL.fullmatch(node.op)
            ):
                found.add(node.op)
            for value in node.attr.values():
                for function in (value.func, *value.list.func):
                    if function.name in functions and function.name not in called:
                        called.add(function.name)
                        reached += functions[function.name]
        if any(item.WhichOneof("kind") == "resource" for item in meta.object_graph_def.nodes):
            found.add("lookup table or resource")
    return found


def node_name(reference: str) -> str:
    """The node of a reference such as `^name` or `name:0`."""
    return reference.lstrip("^").split(":", maxsplit=1)[0]


class SavedModelPart:
    """One signature of a SavedModel."""

    attribute = ""

    def __init__(self, path: Path, loaded: Any, signature: Any) -> None:
        self.path, self.trackable, self._signature = path, loaded, signature
        self.info = PartInfo(
            inputs=tuple(tensors(signature.structured_input_signature[1], path)),
            outputs=tuple(tensors(signature.structured_outputs, path)),
        )

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        result = self._signature(**inputs)
        return [result[tensor.name] for tensor in self.info.outputs]

    def weights(self) -> Iterator[tuple[str, Any]]:
        for variable in self._signature.variables:
            yield variable.name, variable.numpy()
        for value in self._signature.captured_inputs:
            if value.dtype.is_floating and hasattr(value, "numpy"):
                yield "constant", value.numpy()


def tensors(specs: dict[str, Any], path: Path) -> Iterator[Tensor]:
    """Descriptions of a signature's inputs or outputs."""
    for name, spec in sorted(specs.items()):
        if spec.shape.rank is None:
            raise ModelError(f"'{path}': '{name}' has no known rank; export it with a shape")
        yield Tensor(name=name, shape=tuple(spec.shape), dtype=spec.dtype.name, source=name)

"""Nets that are functions of TensorFlow's tensors, whichever format they came in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np

from edgekit.errors import ModelError
from edgekit.families._base import PartInfo
from edgekit.machine.memory import available_memory
from edgekit.model import Signature, Tensor
from edgekit.reason import one_line
from edgekit.sources._flat_graph import FlatGraph
from edgekit.sources._part import Array, Findings, Shape
from edgekit.sources._steady import find
from edgekit.units import size_text


class TensorFlowPart(ABC):
    """A Part (see there) by a call with tensors; subclasses write `__call__` and `weights`.

    `trackable` is what a SavedModel must hold on to so that the weights are saved with it.
    """

    NEEDS: ClassVar = ("tensorflow", "keras")

    path: Path
    attribute = ""
    info: PartInfo
    trackable: Any

    @abstractmethod
    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        """Tensors by input name to the outputs, in the order of `info.outputs`."""

    @abstractmethod
    def weights(self) -> Iterable[tuple[str, Any]]:
        """See Part."""

    def graph(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Callable[..., Any]:
        """A Python function of these inputs, in order, to these outputs, in order."""

        def call(*values: Any) -> list[Any]:
            by_source = {t.source: x for t, x in zip(inputs, values, strict=True)}
            results = self({t.name: by_source[t.source] for t in self.info.inputs})
            positions = {t.source: k for k, t in enumerate(self.info.outputs)}
            return [results[positions[tensor.source]] for tensor in outputs]

        return call

    def outputs_at(self, inputs: Sequence[Tensor]) -> list[tuple[Shape, str]]:
        """See Part."""
        import tensorflow as tf

        specs = [tf.TensorSpec(t.shape, t.dtype, name=t.name) for t in inputs]
        function = tf.function(self.graph(inputs, self.info.outputs))
        graph = function.get_concrete_function(*specs)
        check_tensors(self.path, graph.graph.get_operations())
        return [(tuple(spec.shape), spec.dtype.name) for spec in graph.outputs]

    def function(self, signature: Signature) -> Callable[..., Sequence[Array]]:
        """See Part."""
        import tensorflow as tf

        graph = self.graph(signature.inputs, signature.outputs)
        traced = tf.function(graph, reduce_retracing=True)
        return lambda *arrays: [tensor.numpy() for tensor in traced(*arrays)]

    def weights_used(self, signatures: Sequence[Signature]) -> int:
        """See Part."""
        used: dict[int, int] = {}  # by the variable's handle: several may have one name
        for signature in signatures:
            flat = self._flat(signature)
            # Reads that nothing takes are ordered before the end all the same, by ^ inputs.
            reached = flat.above(
                flat.outputs, lambda node: [name for name in node.input if name[0] != "^"]
            )
            handles = {id(outer): inner for inner, outer in flat.captured.items()}
            for variable in flat.function.graph.variables:
                if handles.get(id(variable.handle)) in reached:
                    used[id(variable.handle)] = int(np.prod(variable.shape))
        return sum(used.values())

    def findings(self, signature: Signature) -> Findings:
        """See Part."""
        flat = self._flat(signature)
        return msgspec.structs.replace(find(flat), lost=tuple(self._lost(flat)))

    def _flat(self, signature: Signature) -> FlatGraph:
        import tensorflow as tf

        specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in signature.inputs]
        return FlatGraph(self.graph(signature.inputs, signature.outputs), specs)

    def _lost(self, flat: FlatGraph) -> Iterator[str]:
        """Variables of a Keras net that its file does not hold."""
        if not isinstance(self.trackable, Sequence):
            return
        held = {id(variable.handle) for variable in self.trackable}
        for name, outer in flat.captured.items():
            if outer.dtype.name == "resource" and id(outer) not in held:
                yield flat.variable_name(name)


def check_tensors(path: Path, operations: Iterable[Any]) -> None:
    """Raises ModelError for a tensor larger than memory, which the smallest file may ask for."""
    free = available_memory()
    for tensor in (tensor for operation in operations for tensor in operation.outputs):
        size = (tensor.shape.num_elements() or 0) * tensor.dtype.size
        if free is not None and size > free:
            raise ModelError(
                f"'{path}': the tensor '{one_line(tensor.op.name)[-80:]}' {tuple(tensor.shape)} "
                f"takes {size_text(size)}, {size_text(free)} of memory are free; give a smaller "
                "--input-size, or convert a net of smaller samples"
            )

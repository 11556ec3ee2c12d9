"""A net's TensorFlow graph with all calls written out, to look at and to import again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from edgekit.sources._graph_walk import above, node_of

RESOURCE = 20  # DT_RESOURCE, the type of a variable's handle
# They tell a tensor's size, not its values.
SIZES = ("Shape", "ShapeN", "Size", "Rank")


class FlatGraph:
    """The graph of a function of tensors, traced for `specs`.

    `nodes` are its top level by name: every call is written out, what is left in functions are the
    bodies of loops and branches. `inputs` and `outputs` name tensors; `captured` are variables'
    handles and constants of Python, by the placeholder that stands for each.
    """

    def __init__(self, call: Callable[..., Any], specs: Sequence[Any]) -> None:
        import tensorflow as tf
        from tensorflow.python.framework import convert_to_constants

        with tf.init_scope():
            self.function = tf.function(call).get_concrete_function(*specs)
        self.graph_def = convert_to_constants._run_inline_graph_optimization(
            self.function, lower_control_flow=False, aggressive_inlining=True
        )
        self.nodes = {node.name: node for node in self.graph_def.node}
        for node in self.graph_def.node:
            node.input[:] = [self._direct(source) for source in node.input]
        self.functions = {f.signature.name: f for f in self.graph_def.library.function}
        captures = self.function.graph.captures
        self.captured = {node_of(inner.name): outer for outer, inner in captures}
        self.inputs = [t.name for t in self.function.inputs if node_of(t.name) not in self.captured]
        self.outputs = [tensor.name for tensor in self.function.outputs]

    def above(self, ends: Iterable[str], sources: Callable[[Any], Sequence[str]]) -> set[str]:
        """The nodes that these depend on, with themselves, by those inputs that `sources` gives."""
        return above(ends, self.nodes, sources)

    def inner(self, node: Any) -> Iterator[Any]:
        """The nodes in the loops and branches of a node, at any depth."""
        waiting, seen = list(called(node)), set[str]()
        while waiting:
            name = waiting.pop()
            if name in self.functions and name not in seen:
                seen.add(name)
                for inside in self.functions[name].node_def:
                    yield inside
                    waiting += called(inside)

    def _direct(self, reference: str) -> str:
        """A reference to a variable without the steps that calls left of it.

        The converter does not see through these, and takes weights for state.
        """
        node = self.nodes[node_of(reference)]
        if reference.startswith("^"):
            return reference
        while node.op == "Identity" and node.attr["T"].type == RESOURCE:
            reference = node.input[0]
            node = self.nodes[node_of(reference)]
        return reference

    def variable_name(self, placeholder: str) -> str:
        """What the variable behind a placeholder is called."""
        handle = self.captured.get(placeholder)
        for variable in self.function.graph.variables:
            if variable.handle is handle:
                return str(getattr(variable, "name", placeholder)).partition(":")[0]
        return placeholder

    def imported(self, nodes: Iterable[Any], given: Mapping[str, Any]) -> list[Any]:
        """The outputs in the current graph, made of these nodes only; `given` maps tensors."""
        import tensorflow as tf

        graph_def = tf.compat.v1.GraphDef()
        graph_def.CopyFrom(self.graph_def)
        del graph_def.node[:]
        graph_def.node.extend(nodes)
        used = {node_of(source) for node in graph_def.node for source in node.input}
        graph = tf.compat.v1.get_default_graph()
        mapped = {name: tensor for name, tensor in given.items() if node_of(name) in used}
        mapped |= {
            f"{name}:0": graph.capture(outer)
            for name, outer in self.captured.items()
            if name in used
        }
        return list(tf.graph_util.import_graph_def(graph_def, mapped, self.outputs, name="steady"))


def data(node: Any) -> list[str]:
    """A node's inputs, without what it only waits for."""
    return [source for source in node.input if not source.startswith("^")]


def values(node: Any) -> list[str]:
    """The inputs whose values matter to a node's own."""
    return [] if node.op in SIZES else data(node)


def called(node: Any) -> list[str]:
    """The functions that a node's attributes name."""
    calls = (call for value in node.attr.values() for call in (value.func, *value.list.func))
    return [call.name for call in calls if call.name]


def has_bottleneck(flat: FlatGraph) -> bool:
    """Whether every way from an image to the output passes a flat tensor: a row for each image.

    The graph is one of a batch of a size that nothing else in it has.
    """
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(flat.graph_def, name="")
    rows = graph.get_tensor_by_name(flat.inputs[0]).shape[0]
    spatial = {name for name in flat.inputs if graph.get_tensor_by_name(name).shape.rank != 2}
    for operation in graph.get_operations():
        sources = [] if operation.type in SIZES else operation.inputs
        if any(tensor.name in spatial for tensor in sources):
            spatial |= {t.name for t in operation.outputs if not is_flat(t.shape, rows)}
    return not any(name in spatial for name in flat.outputs)


def is_flat(shape: Any, rows: int) -> bool:
    """Whether a tensor has one row of values for each sample, or none that depend on places."""
    return shape.rank is not None and (shape.rank < 2 or (shape.rank == 2 and shape[0] == rows))

"""A net without what is random in it or changes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from edgekit.domain import Domain
from edgekit.errors import ModelError
from edgekit.model import Noise, Signature, Tensor
from edgekit.sources._flat_graph import FlatGraph, data
from edgekit.sources._part import Findings, Part
from edgekit.sources._steady import GIVE, find, place
from edgekit.sources._tensorflow import TensorFlowPart


def cut(
    parts: Mapping[str, Part], noise: Noise | None, signatures: Mapping[str, Signature]
) -> dict[str, Part]:
    """The parts as these signatures use them, cut at the noise; as they are where it is None.

    Those of other frameworks have no graph to cut: one that draws is refused when it is run twice.
    """
    if noise is None:
        return dict(parts)
    used = {
        name: {t.source for s in signatures.values() if s.part == name for t in s.outputs}
        for name in parts
    }
    return {
        name: SteadyPart(part, noise, used[name]) if isinstance(part, TensorFlowPart) else part
        for name, part in parts.items()
    }


class SteadyPart(TensorFlowPart):
    """A part computed from its graph, without what is random in it.

    Normal noise is its mean, or comes in as further inputs. What reaches no output is left out,
    such as the state of a seed; with the mean, outputs that are not `used` are left out as well.
    """

    def __init__(self, part: TensorFlowPart, noise: Noise, used: Collection[str | int]) -> None:
        self._part, self._noise = part, noise
        self.path, self.attribute, self.trackable = part.path, part.attribute, part.trackable
        self.info, self.drawn = part.info, list[Tensor]()
        if noise == "mean":
            outputs = tuple(t for t in part.info.outputs if t.source in used)
            self.info = msgspec.structs.replace(part.info, outputs=outputs)
        else:
            flat = flat_graph(self._part, self.info.outputs)
            self.drawn = list(noise_inputs(flat, find(flat)))
            inputs = (*part.info.inputs, *self.drawn)
            self.info = msgspec.structs.replace(self.info, inputs=inputs)

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        import tensorflow as tf

        known = [inputs[tensor.name] for tensor in self._part.info.inputs]
        flat = flat_graph(self._part, self.info.outputs, known)
        results: list[Any] | None = tf.autograph.experimental.do_not_convert(self._without_noise)(
            flat, dict(zip(flat.inputs, known, strict=True)), inputs
        )
        if results is not None:
            return results
        every = self._part({tensor.name: inputs[tensor.name] for tensor in self._part.info.inputs})
        return [every[self._part.info.outputs.index(tensor)] for tensor in self.info.outputs]

    def _without_noise(
        self, flat: FlatGraph, given: dict[str, Any], inputs: Mapping[str, Any]
    ) -> list[Any] | None:
        """The outputs from the graph; None where there is nothing to take out of it."""
        found = find(flat)
        if found.clean:
            return None
        if self._noise == "mean":
            return flat.imported(pruned(flat, means=found.normal), given)
        drawn = (inputs[tensor.name] for tensor in self.drawn)
        given |= {f"{name}:0": x for name, x in zip(found.normal, drawn, strict=True)}
        return flat.imported(pruned(flat, without=found.normal), given)

    def weights(self) -> Iterable[tuple[str, Any]]:
        """Those of the part."""
        return self._part.weights()


def flat_graph(
    part: TensorFlowPart, outputs: Collection[Tensor], inputs: Iterable[Any] | None = None
) -> FlatGraph:
    """The graph of some outputs of a part, at the shapes of these tensors, else at its own."""
    import tensorflow as tf

    places = [part.info.outputs.index(tensor) for tensor in outputs]

    def call(*arguments: Any) -> list[Any]:
        names = [tensor.name for tensor in part.info.inputs]
        results = part(dict(zip(names, arguments, strict=True)))
        return [tf.identity(results[place]) for place in places]

    return FlatGraph(call, [tf.TensorSpec(t.shape, t.dtype) for t in inputs or part.info.inputs])


def pruned(
    flat: FlatGraph, means: Collection[str] = (), without: Collection[str] = ()
) -> Iterator[Any]:
    """The nodes that the outputs need, `means` replaced by zeros, and nothing of `without`.

    Nothing waits for anything: what is left neither assigns nor draws.
    """
    import tensorflow as tf

    def sources(node: Any) -> list[str]:
        if node.name in means:
            return [size(node)[0]]
        return [] if node.name in without else data(node)

    for name in flat.above(flat.outputs, sources):
        node = tf.compat.v1.NodeDef()
        node.CopyFrom(flat.nodes[name])
        node.attr.pop("_class", None)  # a place beside nodes that may be gone
        del node.input[:]
        node.input.extend(data(flat.nodes[name]))
        if name in means:
            yield from filled(flat.nodes[name])
        elif name not in without:
            yield node


def size(node: Any) -> tuple[str, int]:
    """The input of a random op that tells how many numbers to draw, and its type."""
    from tensorflow.python.framework import op_def_registry

    arguments = op_def_registry.get(node.op).input_arg
    place, argument = next((k, a) for k, a in enumerate(arguments) if a.name == "shape")
    return node.input[place], node.attr[argument.type_attr].type


def filled(node: Any) -> Iterator[Any]:
    """Nodes that give zeros in place of one that draws around zero."""
    import tensorflow as tf

    shape, kind = size(node)
    dtype = node.attr["dtype"].type
    zero = tf.compat.v1.NodeDef(name=f"{node.name}/mean", op="Const")
    zero.attr["dtype"].type = dtype
    zero.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(0, dtype, shape=()))
    fill = tf.compat.v1.NodeDef(name=node.name, op="Fill", input=[shape, zero.name])
    fill.attr["T"].type = dtype
    fill.attr["index_type"].type = kind
    yield from (zero, fill)


def noise_inputs(flat: FlatGraph, found: Findings) -> Iterator[Tensor]:
    """An input for each node that draws normal noise: noise, noise_2, …"""
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(flat.graph_def, name="")
        for number, name in enumerate(found.normal, start=1):
            tensor = graph.get_tensor_by_name(f"{name}:0")
            if tensor.shape.rank is None:
                raise ModelError(f"the size of the noise '{place(name)}' is not known; {GIVE}")
            label = "noise" if number == 1 else f"noise_{number}"
            yield Tensor(
                name=label,
                shape=tuple(tensor.shape),
                dtype=tensor.dtype.name,
                role="latent",
                source=label,
                domain=(Domain(distribution="normal"),),
            )

"""Keras files: `.keras` archives, zipped or unpacked, and `.h5`, of Keras 3 and Keras 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError
from edgekit.families._base import PartInfo
from edgekit.model import Range, Tensor
from edgekit.sources import Trust
from edgekit.sources._keras2_fallback import open_in_keras_2
from edgekit.sources._keras_file import CONFIG
from edgekit.sources._keras_load import NotBuilt, load_net, prepared
from edgekit.sources._part import Part
from edgekit.sources._preprocessing import told_range
from edgekit.sources._tensorflow import TensorFlowPart

NEEDS = TensorFlowPart.NEEDS
SUFFIXES = (".keras", ".h5", ".hdf5")
RANGES: dict[str, Range] = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0)}
NETS = ("encoder", "decoder", "generator")


def matches(path: Path) -> bool:
    """A file by its suffix; a folder by the config in it."""
    if path.is_dir():
        return (path / CONFIG).is_file() and path.suffix.lower() == ".keras"
    return path.suffix.lower() in SUFFIXES and path.is_file()


def check(path: Path, trust: Trust) -> None:
    """Raises ModelError for a damaged file, and for what it may not name without trust."""
    prepared(path, trust)


def open_parts(path: Path, trust: Trust) -> dict[str, Part]:
    """Load a file: one part named "", or the nets that a subclassed model holds.

    Raises:
        ModelError: damaged, needs code that was not trusted, or has no input shapes.
    """
    try:
        net, remarks = load_net(path, trust)
    except NotBuilt:
        return {"": open_in_keras_2(path, trust)}
    if getattr(net, "inputs", None):
        return {"": KerasPart(path, "", net, remarks)}
    nets = {name: getattr(net, name) for name in NETS if getattr(net, name, None) is not None}
    if not nets or not all(getattr(part, "inputs", None) for part in nets.values()):
        raise ModelError(
            f"'{path}' has no input shapes ({type(net).__name__}); save a functional or "
            "Sequential model with an Input, or use model.export() and convert that folder"
        )
    return {name: KerasPart(path, name, part, remarks) for name, part in nets.items()}


class KerasPart(TensorFlowPart):
    """A functional or Sequential Keras model."""

    def __init__(self, path: Path, attribute: str, net: Any, remarks: tuple[str, ...] = ()) -> None:
        self.path, self.attribute, self._net = path, attribute, net
        # TensorFlow's own variables: the converter loses weights that are tracked only through
        # Keras' wrappers of them.
        self.trackable = [variable.value for variable in net.variables]
        outputs = [
            Tensor(
                name=str(name),
                shape=tuple(tensor.shape),
                dtype=str(tensor.dtype),
                range=output_range(net, tensor),
                source=index,
            )
            for index, (name, tensor) in enumerate(zip(output_names(net), net.outputs, strict=True))
        ]
        inputs = [
            Tensor(
                name=str(tensor.name),
                shape=tuple(tensor.shape),
                dtype=str(tensor.dtype),
                range=told_range(net, tensor, nodes),
                source=index,
            )
            for index, tensor in enumerate(net.inputs)
        ]
        self.info = PartInfo(
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            bottleneck=has_bottleneck(net),
            classes=vocabularies(net),
            remarks=remarks,
        )

    def __call__(self, inputs: dict[str, Any]) -> list[Any]:
        ordered = [inputs[tensor.name] for tensor in self.info.inputs]
        result = self._net(ordered if len(ordered) > 1 else ordered[0], training=False)
        import keras

        # In the order of net.outputs, which for a dict is that of its sorted keys.
        return list(keras.tree.flatten(result))

    def weights(self) -> Iterator[tuple[str, Any]]:
        for variable in self._net.weights:
            yield variable.path, variable.numpy()


def output_names(net: Any) -> list[str]:
    """One name for each output: its key where the net gives a dict, else that of its layer."""
    structure = getattr(net, "_outputs_struct", None)
    if isinstance(structure, dict) and len(structure) == len(net.outputs):
        return sorted(structure)  # the order in which Keras flattens them
    names = list(getattr(net, "output_names", None) or [])
    return names if len(names) == len(net.outputs) else [t.name for t in net.outputs]


def nodes(net: Any) -> list[Any]:
    """Calls of layers in topological order, inputs left out; empty for a subclassed net."""
    by_depth = getattr(net, "_nodes_by_depth", None) or getattr(
        getattr(net, "_functional", None), "_nodes_by_depth", {}
    )
    ordered = [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
    return [node for node in ordered if not node.is_input]


def has_bottleneck(net: Any) -> bool:
    """Whether every way from input to output passes a flat (rank 2) tensor."""
    spatial = {id(tensor) for tensor in net.inputs}
    steps = nodes(net)
    for node in steps:
        fed = any(id(tensor) in spatial for tensor in node.arguments.keras_tensors)
        inner = node.operation
        if fed and not (nodes(inner) and has_bottleneck(inner)):
            spatial |= {id(tensor) for tensor in node.outputs if len(tensor.shape) > 2}
    return bool(steps) and not any(id(tensor) in spatial for tensor in net.outputs)


def vocabularies(net: Any) -> dict[str, int]:
    """Class counts of the inputs that feed an embedding or one-hot encoding directly."""
    names = {id(tensor): str(tensor.name) for tensor in net.inputs}
    found = {}
    for node in nodes(net):
        size = getattr(node.operation, "input_dim", None) or getattr(
            node.operation, "num_tokens", None
        )
        for tensor in node.arguments.keras_tensors:
            if isinstance(size, int) and id(tensor) in names:
                found[names[id(tensor)]] = size
    return found


def output_range(net: Any, tensor: Any) -> Range | None:
    """The interval that the last layer's activation or rescaling fixes, else None."""
    node = next((n for n in nodes(net) if any(t is tensor for t in n.outputs)), None)
    if node is None:
        return None
    layer = node.operation
    if nodes(layer):
        inner = [t for n, t in zip(node.outputs, layer.outputs, strict=True) if n is tensor]
        return output_range(layer, inner[0])
    if type(layer).__name__ in ("Reshape", "Cropping2D", "Flatten", "Identity"):
        return output_range(net, node.arguments.keras_tensors[0])
    if type(layer).__name__ == "Rescaling":
        below = output_range(net, node.arguments.keras_tensors[0])
        if below and not hasattr(layer.scale, "__len__"):
            low, high = sorted(v * float(layer.scale) + float(layer.offset) for v in below)
            return (low, high)
        return None
    if type(layer).__name__ == "ReLU" and layer.max_value is not None:
        return (0.0, float(layer.max_value))
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", "") or type(layer).__name__.lower()
    return RANGES.get(name)

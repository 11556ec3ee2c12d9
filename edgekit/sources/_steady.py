"""Nets that draw random numbers, change themselves, or compute in half or double precision.

A bundle computes the same for the same inputs, in float32. So this is found in the graph, when a
net is described, and refused where it cannot be taken out (sources/_cut.py).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError
from edgekit.model import Noise
from edgekit.sources import _graph_ops
from edgekit.sources._flat_graph import FlatGraph, data, values
from edgekit.sources._graph_walk import node_of
from edgekit.sources._part import Findings

ASSIGNING = frozenset(
    name
    for name in _graph_ops.VARIABLES | _graph_ops.SEEDS
    if name.startswith(("Assign", "ResourceScatter", "ResourceStrided", "Rng"))
)
READING = frozenset({"ReadVariableOp", "ResourceGather", "ResourceGatherNd"})
# What makes the numbers of a stateless op other ones at each call.
FRESH = frozenset({"RngReadAndSkip", "NonDeterministicInts"})
NAMES = 3  # that one message lists
GIVE = "make the random numbers an input of the net, and save it again"


# Where the precision of a net shows, and the types that are not float32's.
HEAVY = (_graph_ops.LAYERS | _graph_ops.MATRICES) - frozenset({"Diag", "DiagPart"})
PRECISIONS = {2: "float64", 14: "bfloat16", 19: "float16"}


def find(flat: FlatGraph) -> Findings:
    """What a graph draws and changes."""
    assigns = [node for node in flat.nodes.values() if node.op in ASSIGNING]
    assigned = {node_of(node.input[0]) for node in assigns}

    def draws_inside(node: Any) -> bool:
        return any(n.op in _graph_ops.RANDOM | ASSIGNING for n in flat.inner(node))

    def fresh(node: Any) -> bool:
        """Whether a node's numbers are others at each call."""
        if node.op not in _graph_ops.RANDOM:
            return draws_inside(node)
        if not node.op.startswith("Stateless"):
            return True
        above = (flat.nodes[name] for name in flat.above(data(node)[1:], values))
        return any(
            n.op in FRESH or (n.op in READING and node_of(n.input[0]) in assigned)
            or (n.op in _graph_ops.RANDOM and not n.op.startswith("Stateless"))
            or draws_inside(n)
            for n in above
        )  # fmt: skip

    live = flat.above(flat.outputs, values)
    drawing = [name for name in flat.nodes if name in live and fresh(flat.nodes[name])]
    normal = [name for name in drawing if flat.nodes[name].op in _graph_ops.NORMAL]
    cut = flat.above(flat.outputs, lambda node: [] if node.name in drawing else values(node))
    read = {
        node_of(flat.nodes[name].input[0])
        for name in cut
        if name not in drawing and flat.nodes[name].op in READING
    }
    arguments = set(map(node_of, flat.inputs))
    taught = {
        node_of(node.input[0]) for node in assigns if arguments & flat.above(data(node)[1:], values)
    }
    inside = (inner for node in flat.nodes.values() for inner in flat.inner(node))
    return Findings(
        normal=tuple(normal),
        random=tuple(name for name in drawing if name not in normal),
        learning=tuple(map(flat.variable_name, sorted(taught - read))),
        changing=tuple(map(flat.variable_name, sorted(assigned & read))),
        clean=not any(
            node.op in _graph_ops.RANDOM | ASSIGNING for node in (*flat.nodes.values(), *inside)
        ),
        precise=precisions(flat, live),
    )


def precisions(flat: FlatGraph, live: Collection[str]) -> dict[str, str]:
    """Precisions other than float32 of layers and weights, each with a node that has it."""
    found: dict[str, str] = {}
    for name in live:
        for node in (flat.nodes[name], *flat.inner(flat.nodes[name])):
            attribute = {**dict.fromkeys(HEAVY, "T"), "ReadVariableOp": "dtype"}.get(node.op)
            if attribute and (precision := PRECISIONS.get(node.attr[attribute].type)):
                found.setdefault(precision, name)
    return found


def place(name: str) -> str:
    """Where in the net a node is, as people wrote it."""
    steps = [step for step in name.split("/") if "PartitionedCall" not in step]
    return "/".join(steps[-3:])


def listed(names: Collection[str]) -> str:
    """Some names, quoted."""
    shown = ", ".join(f"'{place(name)}'" for name in list(names)[:NAMES])
    return shown + (", …" if len(names) > NAMES else "")


def check_steady(path: Path, found: Findings, noise: Noise | None, *, sampler: bool) -> None:
    """Raises ModelError for what cannot be converted.

    `noise`: what the user wants done with normal noise. `sampler`: the net is an autoencoder, where
    normal noise is that of its sampler.
    """
    for precision, name in found.precise.items():
        raise ModelError(
            f"'{path}' computes in {precision} ({listed([name])}), which edgekit does not convert; "
            "save it again from a float32 net (keras.config.set_dtype_policy('float32') before it "
            "is built), or give the .keras file"
        )
    if found.changing:
        raise ModelError(
            f"'{path}' changes its own variables when it is called and reads them "
            f"({listed(found.changing)}), so no two calls agree; save it without state (a "
            "recurrent layer with stateful=False, a counter left out)"
        )
    if found.learning:
        raise ModelError(
            f"'{path}' sets its own variables from its inputs when it is called "
            f"({listed(found.learning)}), as a batch normalization in training mode does; "
            "call its layers with training=False, and save it again"
        )
    if found.random:
        raise ModelError(
            f"'{path}' draws random numbers when it is called ({listed(found.random)}), so no two "
            "calls agree; if that is dropout or augmentation, call those layers with "
            f"training=False, else {GIVE}"
        )
    if found.normal and not (noise or sampler):
        raise ModelError(
            f"'{path}' draws normal noise when it is called ({listed(found.normal)}), so no two "
            "calls agree; --noise mean computes with its mean, --noise input makes it an input"
        )
    if found.lost:
        raise ModelError(
            f"'{path}' computes with variables that the file does not hold ({listed(found.lost)}): "
            "Keras saves what a layer makes with add_weight, no tf.Variable of its own; change "
            "that, train or fill it again, and save"
        )

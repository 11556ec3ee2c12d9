"""What a SavedModel would run or reach when it is loaded and called, found without loading it."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from edgekit.errors import MOST_NAMES, ModelError
from edgekit.sources import _graph_ops, _saved_model_proto
from edgekit.sources._graph_walk import above, node_of

# TensorFlow reads these before or instead of saved_model.pb.
RIVALS = ("saved_model.pbtxt", "saved_model.cpb")
INIT_OPS = ("saved_model_main_op", "legacy_init_op")
INIT_SIGNATURE = "__saved_model_init_op"
NO_TENSORS = (20, 21, 120, 121)  # DT_RESOURCE, DT_VARIANT and references to them: decoded by type
LONGEST = 80  # letters of a name in a message
WRITES, READS = _graph_ops.SAVING, _graph_ops.RESTORING


def check_files(folder: Path) -> None:
    """Raises ModelError for files that are none, or lie elsewhere: the folder is copied whole."""
    for rival in RIVALS:
        if (folder / rival).exists():
            raise ModelError(f"'{folder}' also has a {rival}; remove it or saved_model.pb")
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode) and not leads_to_file_within(path, folder):
                raise ModelError(
                    f"'{path}' is a link that leads out of the folder, or to no file; "
                    "copy the model with its files: cp -rL"
                )
            if not stat.S_ISLNK(mode) and not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
                raise ModelError(f"'{path}' is no file (a pipe or device); remove it")


def leads_to_file_within(link: Path, folder: Path) -> bool:
    """Whether a link ends at a file of the same folder."""
    target = Path(os.path.realpath(link))
    return target.is_relative_to(os.path.realpath(folder)) and target.is_file()


def check_graph(folder: Path, *, trusted: bool) -> None:
    """Raises ModelError for a damaged file and, unless `trusted`, for what reaches outside.

    Nothing but the ops of `_graph_ops.ALLOWED` may stand in any node of the graph or of a function,
    reached or not, except what TensorFlow's saver has written, and on that nothing that runs may
    depend.
    """
    graphs = _saved_model_proto.read(folder).meta_graphs
    if len(graphs) != 1:
        raise ModelError(
            f"'{folder}' holds {len(graphs)} graphs instead of one; export the one to convert"
        )
    for asset in graphs[0].assets:
        path = PurePosixPath(asset.filename)
        if path.is_absolute() or ".." in path.parts:
            raise ModelError(
                f"'{folder}' names the asset '{readable(str(path))}' outside of it; export it again"
            )
    if not trusted and (reasons := list(dict.fromkeys(dangers(graphs[0])))):
        shown = ", ".join(map(readable, reasons[:MOST_NAMES])) + (
            ", …" if len(reasons) > MOST_NAMES else ""
        )
        raise ModelError(
            f"'{folder}' holds what is not known only to compute ({shown}); "
            "pass --trust if you made it"
        )


def readable(text: str) -> str:
    """Text from the file as one line of a message: names may be long, or hold anything."""
    return "".join(c if c.isprintable() else "?" for c in text[:LONGEST])


def dangers(graph: Any) -> Iterator[str]:
    """In words, all that is not known to compute on tensors and the net's variables only."""
    functions = {function.signature.name: function for function in graph.graph.library.functions}
    if len(functions) < len(graph.graph.library.functions):
        yield "two functions of one name"
    if len({node.name for node in graph.graph.nodes}) < len(graph.graph.nodes):
        yield "two nodes of one name"
    for nodes in (graph.graph.nodes, *(f.nodes for f in functions.values())):
        yield from unknown_nodes(nodes, functions)
    for name, function in functions.items():
        yield from unknown_attributes(name, function, functions)
    for item in graph.objects.nodes:
        if item.HasField("resource"):
            yield "lookup table or resource"
        if item.saveables or item.registered_saver:
            yield "functions of its own that save or restore"
    yield from run_at_load(graph)
    yield from misused_saver(graph, functions)


def unknown_nodes(nodes: Iterable[Any], functions: dict[str, Any]) -> Iterator[str]:
    """Ops that are not in the lists, calls that lead out of the library, constants of no tensor."""
    known = _graph_ops.ALLOWED | WRITES | READS
    for node in nodes:
        if node.op not in known:
            yield node.op
        yield from unknown_attributes(node.name, node, functions)


def unknown_attributes(name: str, owner: Any, functions: dict[str, Any]) -> Iterator[str]:
    """What a node's or a function's attributes hold that is no tensor and no known function."""
    for other in called(owner):
        if other and other not in functions:
            yield f"a call of '{other}'"
    if any(constant.dtype in NO_TENSORS for constant in constants(owner.attributes)):
        yield f"a constant in '{name}' that is no tensor"


def called(owner: Any) -> list[str]:
    """The functions that the attributes of a node or function name, at any depth."""
    waiting, names = list(owner.attributes), list[str]()
    while waiting:
        value = waiting.pop().value
        for call in (value.function, *value.list.functions):
            names.append(call.name)
            waiting += call.attributes
    return names


def constants(attributes: Iterable[Any]) -> Iterator[Any]:
    """The tensors that stand in attributes."""
    waiting = list(attributes)
    while waiting:
        value = waiting.pop().value
        yield from (value.tensor, *value.list.tensors)
        for call in (value.function, *value.list.functions):
            waiting += call.attributes


def run_at_load(graph: Any) -> Iterator[str]:
    """Init ops; one that only waits for nothing is what TensorFlow writes where there is none."""
    nodes = {node.name: node for node in graph.graph.nodes}
    ends = [name for key, name in collected(graph) if key in INIT_OPS]
    ends += outputs(entry for entry in graph.signatures if entry.key == INIT_SIGNATURE)
    for name in above(ends, nodes, inputs):
        if nodes[name].op != "NoOp":
            yield f"an op that runs when it is loaded ('{name}')"
            return


def misused_saver(graph: Any, functions: dict[str, Any]) -> Iterator[str]:
    """Uses of what saves and restores variables, other than as TensorFlow writes it.

    Saving writes files, so nothing that loading or a call may run can depend on it. Restoring is
    run by loading: from the file that it is given, into variables.
    """
    saver = graph.saver
    nodes = {node.name: node for node in graph.graph.nodes}
    own: dict[str, frozenset[str]] = {}  # functions of the saver, and what they may hold
    for kind, around in ((WRITES, _graph_ops.AROUND_SAVING), (READS, _graph_ops.AROUND_RESTORING)):
        for name, function in functions.items():
            if any(node.op in kind for node in function.nodes):
                own[name] = own.get(name, frozenset()) or kind | around
    for name, allowed in own.items():
        if not {node.op for node in functions[name].nodes} <= allowed:
            yield f"a saver of its own ('{name}')"
        if not all(reads_given_file(node, functions[name]) for node in functions[name].nodes):
            yield f"a restore of another file ('{name}')"
    calls = Counter(name for f in functions.values() for x in (f, *f.nodes) for name in called(x))
    offered = {entry.key for entry in graph.objects.functions}
    yield from (f"a call of the saver's '{name}'" for name in own if calls[name] or name in offered)

    def uses(node: Any, kind: frozenset[str]) -> bool:
        inside = {op for name in called(node) if name in own for op in own[name]}
        return node.op in kind or bool(inside & kind)

    restore, filename = node_of(saver.restore), node_of(saver.filename)
    served = {node_of(name) for name in outputs(graph.signatures)}
    for kind, roots in ((WRITES, served | {restore}), (READS, served)):
        tainted = forward([n.name for n in nodes.values() if uses(n, kind)], nodes)
        for name in roots & tainted:
            yield f"files that are touched by '{name}'"
        for key, text in collected(graph):
            if key != "savers" and any(name in text for name in tainted):
                yield f"files that are touched by the collection '{key}'"
    for name in above([restore], nodes, inputs):
        if uses(nodes[name], READS) and node_of(next(iter(nodes[name].inputs), "")) != filename:
            yield f"a restore of another file ('{name}')"


def reads_given_file(node: Any, function: Any) -> bool:
    """Whether a node of a restoring function, reads no file but the one it was called with."""
    names = [argument.name for argument in function.signature.inputs]
    return node.op not in READS or (bool(names) and list(node.inputs)[:1] == names[:1])


def collected(graph: Any) -> Iterator[tuple[str, str]]:
    """The entries of all collections as (key, text): names of nodes, or serialized messages."""
    for entry in graph.collections:
        for value in (*entry.value.names.values, *entry.value.protos.values):
            yield entry.key, value.decode("utf-8", "replace")


def outputs(entries: Iterable[Any]) -> list[str]:
    """The tensors that signatures give."""
    waiting = [tensor.value for entry in entries for tensor in entry.value.outputs]
    names = []
    while waiting:
        info = waiting.pop()
        names += [info.name, info.sparse.values, info.sparse.indices, info.sparse.shape]
        waiting += info.composite.components
    return [name for name in names if name]


def inputs(node: Any) -> Iterable[str]:
    """What a node takes or waits for."""
    given: Iterable[str] = node.inputs
    return given


def forward(starts: Iterable[str], nodes: dict[str, Any]) -> set[str]:
    """The nodes that depend on these, with themselves."""
    users: dict[str, list[str]] = {}
    for node in nodes.values():
        for source in node.inputs:
            users.setdefault(node_of(source), []).append(node.name)
    waiting, seen = list(starts), set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += users.get(name, [])
    return seen

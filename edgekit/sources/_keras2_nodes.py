"""Calls of layers in configs of Keras 2, in the form that Keras 3 gives them.

Keras 2 notes a call as lists: `[["x", 0, 0, {"axis": 1}], …]`, tensors among the keywords as
`["y", 0, 0]`, constants as `["_CONSTANT_VALUE", -1, 2.0]`.
"""

from __future__ import annotations

from typing import Any

Config = dict[str, Any]
CONSTANT = "_CONSTANT_VALUE"
RECURRENT = ("RNN", "LSTM", "GRU", "SimpleRNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D",
             "ConvLSTM3D")  # fmt: skip


def functional(config: Config) -> None:
    """Mend the calls, inputs and outputs of a net of layers."""
    layers = [layer for layer in config["layers"] if isinstance(layer, dict)]
    known = {layer.get("name") for layer in layers}
    starts = first_calls(config, layers)
    for layer in layers:
        layer["inbound_nodes"] = [
            call_of(node, known, starts) if isinstance(node, list) else node
            for node in layer.get("inbound_nodes") or []
        ]
        if layer.get("class_name") in RECURRENT:
            for call in layer["inbound_nodes"]:
                split_state(call)
    graphs = {name: (1 if is_graph else 0) for name, (_, is_graph) in starts.items()}
    for side in ("input_layers", "output_layers"):
        config[side] = unpacked(ends(config[side], starts, graphs))


def first_calls(config: Config, layers: list[Config]) -> dict[str, tuple[int, bool]]:
    """For each net among the layers: the number of its first call, and whether it is Functional.

    A net that knows its input counts its own making as call 0; for Keras 3 that is so only of
    Functional ones, and there not among the arguments of a call.
    """
    nets = {
        layer["name"]: layer.get("class_name") == "Functional"
        for layer in layers
        if isinstance(layer.get("config"), dict) and "layers" in layer["config"]
    }
    used: dict[str, list[int]] = {name: [] for name in nets}
    calls = [layer.get("inbound_nodes") for layer in layers]
    waiting: list[Any] = [*calls, config["output_layers"]]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            if is_tensor(value, nets):
                used[value[0]].append(value[1])
            waiting += value
    return {name: (min(used[name], default=0), graph) for name, graph in nets.items()}


def split_state(call: Config) -> None:
    """The first state of a recurrent layer as a keyword; Keras 2 put it behind the input."""
    first = call["args"][0] if call.get("args") else None
    if isinstance(first, list) and len(first) > 1:
        call["args"] = [first[0]]
        call["kwargs"] = call["kwargs"] | {"initial_state": first[1:]}


def is_tensor(value: Any, known: Any) -> bool:
    """Whether a list means an output of a layer."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and value[0] in known
        and all(type(number) is int for number in value[1:3])
    )


def call_of(node: list[Any], known: Any, starts: Any) -> Config:
    """The arguments of one call."""
    kwargs: Config = {}

    def argument(value: Any) -> Any:
        if isinstance(value, list) and value and value[0] == CONSTANT and len(value) in (3, 4):
            kwargs.update(keywords(value[3:]))
            return constant(value[2])
        if is_tensor(value, known):
            kwargs.update(keywords(value[3:]))
            return tensor(value, starts)
        if isinstance(value, list):
            return [argument(inner) for inner in value]
        if isinstance(value, dict):
            return {key: argument(inner) for key, inner in value.items()}
        return value

    def keywords(rest: list[Any]) -> Config:
        found = rest[0] if rest and isinstance(rest[0], dict) else {}
        return {key: keyword(value) for key, value in found.items()}

    def keyword(value: Any) -> Any:
        if is_tensor(value, known):
            return tensor(value, starts)
        if isinstance(value, list):
            return [keyword(inner) for inner in value]
        return constant(value)

    first = argument(node)
    alone = isinstance(first, list) and len(first) == 1
    return {"args": [first[0] if alone else first], "kwargs": kwargs}


def tensor(value: list[Any], starts: Any) -> Config:
    """An output of a layer; Keras looks only at its history."""
    start, _ = starts.get(value[0], (0, False))
    history = [value[0], value[1] - start, value[2]]
    config = {"shape": [], "dtype": "float32", "keras_history": history}
    return {"class_name": "__keras_tensor__", "config": config}


def constant(value: Any) -> Any:
    """A slice or an ellipsis as an object; anything else is itself."""
    if isinstance(value, dict) and set(value) == {"start", "stop", "step"}:
        return {"class_name": "__slice__", "config": value}
    if isinstance(value, dict) and value.get("class_name") == "__ellipsis__":
        return {"class_name": "__ellipsis__", "config": {}}
    return value


def ends(value: Any, starts: Any, bases: dict[str, int]) -> Any:
    """Inputs or outputs of a net, in any structure, with calls counted as Keras 3 does."""
    if isinstance(value, dict):
        return {key: ends(inner, starts, bases) for key, inner in value.items()}
    if isinstance(value, list) and len(value) >= 3 and isinstance(value[0], str):
        start, _ = starts.get(value[0], (0, False))
        return [value[0], value[1] - start + bases.get(value[0], 0), value[2]]
    return [ends(inner, starts, bases) for inner in value] if isinstance(value, list) else value


def unpacked(value: Any) -> Any:
    """One input or output alone, as Keras 2 took and gave it, instead of a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def plain_names(tree: Any) -> Any:
    """The config with layer names that Keras 3 takes: without slashes."""
    if isinstance(tree, list):
        return [plain_names(inner) for inner in tree]
    if not isinstance(tree, dict):
        return tree
    result = {key: plain_names(inner) for key, inner in tree.items()}
    if isinstance(result.get("name"), str):
        result["name"] = result["name"].replace("/", "_")
    if isinstance(result.get("keras_history"), list):
        layer, *numbers = result["keras_history"]
        result["keras_history"] = [str(layer).replace("/", "_"), *numbers]
    for side in ("input_layers", "output_layers"):
        if side in result:
            result[side] = without_slashes(result[side])
    return result


def without_slashes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_slashes(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_slashes(inner) for inner in value]
    return value.replace("/", "_") if isinstance(value, str) else value

"""Weights of `.h5` files: by the name of each layer, in the order in which Keras wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.reason import one_line
from edgekit.sources._keras_file import Odd, told_in_one_line


def load_weights(path: Path, net: Any) -> None:
    """Fill a net with the weights of an `.h5` file.

    Keras itself goes by the order of layers alone, which differs between its versions where
    branches meet: then layers of one shape would change places without a word.

    Raises:
        ModelError: damaged, or not the weights of this net.
    """
    import h5py

    with told_in_one_line(path), h5py.File(path) as file:
        group = file["model_weights"]
        listed = names(group, "layer_names")
        saved = {plain(name): name for name in listed}
        if len(saved) < len(listed):
            twice = next(n for n in listed if saved[plain(n)] != n or listed.count(n) > 1)
            raise Odd(
                f"has two layers called '{one_line(plain(twice))[:80]}', where Keras 3 takes / "
                "for _; rename one and save it again"
            )
        for layer in net.layers:
            variables = layer.trainable_weights + layer.non_trainable_weights
            if not variables:
                continue
            if layer.name not in saved:
                raise Odd(f"is damaged: it has no weights of the layer '{layer.name}'")
            fill(layer.name, variables, list(arrays(group[saved[layer.name]])))


def plain(name: str) -> str:
    """A layer's name as Keras 3 takes it."""
    return name.replace("/", "_")


def names(group: Any, attribute: str) -> list[str]:
    """A list of names; long ones are stored in pieces that are numbered."""
    if attribute in group.attrs:
        pieces = [attribute]
    else:
        pieces = [f"{attribute}{k}" for k in range(len(group.attrs))]
    found = [name for piece in pieces if piece in group.attrs for name in group.attrs[piece]]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in found]


def arrays(group: Any) -> Iterator[tuple[str, Any]]:
    for name in names(group, "weight_names"):
        yield name, np.asarray(group[name])


def fill(layer: str, variables: list[Any], found: list[tuple[str, Any]]) -> None:
    """Assign arrays to variables whose names and shapes they have."""
    if len(found) != len(variables):
        raise Odd(
            f"does not fit its architecture: the layer '{layer}' has {len(variables)} weights, "
            f"the file {len(found)} of it"
        )
    by_owner = {owned(name): (name, array) for name, array in found}
    places = [owned(variable.path) for variable in variables]
    if len(by_owner) == len(found) and set(places) == set(by_owner):  # in nested nets
        found = [by_owner[place] for place in places]
    for variable, (name, array) in zip(variables, found, strict=True):
        last = name.split("/")[-1].split(":", maxsplit=1)[0]
        if tuple(variable.shape) != array.shape or not same(variable.name, last):
            raise Odd(
                f"does not fit its architecture: '{one_line(name)[:80]}' {array.shape} stands where"
                f" '{variable.path}' {tuple(variable.shape)} belongs"
            )
        variable.assign(array)


def owned(name: str) -> tuple[str, ...]:
    """A weight's layer and own name, such as ("dense_1", "kernel")."""
    return tuple(name.split(":", maxsplit=1)[0].split("/")[-2:])


def same(name: str, saved: str) -> bool:
    """Whether a weight is called the same, but for numbers, or a `depthwise_` before it."""
    return saved.rstrip("_0123456789").endswith(name.rstrip("_0123456789"))

"""A Keras config as a tree of plain values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TRAINING = re.compile(r"\w+_(initializer|regularizer|constraint)")


def dicts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every table at any depth, the outer ones first."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += reversed(list(value.values()))
        elif isinstance(value, list):
            waiting += reversed(value)


def leave_training_out(tree: Any, own_layers: bool = True) -> None:
    """Drop what only training uses: losses and optimizers; how weights began, are bound or held.

    `own_layers`: whether layers of the user's keep theirs, which they may insist on.
    """
    for table in dicts(tree):
        table.pop("compile_config", None)
        config = table.get("config")
        if isinstance(config, dict) and (not own_layers or table.get("module") == "keras.layers"):
            for key in [key for key in config if TRAINING.fullmatch(key)]:
                del config[key]


def left_asleep(tree: Any) -> tuple[str, ...]:
    """A remark, where layers are called with training=True: dropout that makes noise at inference,
    or a normalization by the batch's own statistics.

    Keras' `predict` overrides that, and so does edgekit; a call of the net by itself does not.
    """
    found = set()
    for table in dicts(tree):
        calls = table.get("inbound_nodes")
        if any(call.get("training") is True for call in dicts(calls)):
            config = table.get("config")
            found.add(str((config if isinstance(config, dict) else table).get("name")))
    if not found:
        return ()
    names = ", ".join(sorted(found))
    return (f"computed as model.predict does: without the training=True of the calls of {names}",)

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

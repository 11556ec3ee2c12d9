"""Nets that were trained in half or double precision, computed in float32.

Both engines compute in float32 where they do not in integers, and a float64 artifact would make
every ratio flatter. The policies in the config are changed before Keras builds the net.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from edgekit.errors import ModelError
from edgekit.sources._keras_config import dicts

OTHERS = ("float16", "bfloat16", "float64", "half", "double", "mixed_float16", "mixed_bfloat16")
QUANTIZED = re.compile(r"(.+_from_)(.+)")  # a policy such as int8_from_mixed_bfloat16
NOTED_ONLY = "__keras_tensor__"  # Keras computes anew what it notes of tensors


def to_float32(tree: dict[str, Any]) -> tuple[str, ...]:
    """Change every type of another float precision in a config; gives a remark if there was one."""
    found: set[str] = set()
    for table in dicts(tree):
        noted = table.get("class_name") == NOTED_ONLY
        for key in [key for key in table if key.endswith("dtype")]:
            table[key] = float32(table[key], set() if noted else found)
        if noted and isinstance(table.get("config"), dict):
            config = table["config"]
            config["dtype"] = float32(config.get("dtype"), set())
    if not found:
        return ()
    return (f"trained under {', '.join(sorted(found))}; computed in float32",)


def float32(policy: Any, found: set[str]) -> Any:
    """A type or policy, in any form that Keras writes it, with float32 in place of others."""
    if isinstance(policy, str):
        if policy in OTHERS:
            found.add(policy)
            return "float32"
        quantized = QUANTIZED.fullmatch(policy)
        return quantized[1] + float32(quantized[2], found) if quantized else policy
    if not isinstance(policy, dict) or not isinstance(policy.get("config"), dict):
        return policy
    config = policy["config"]
    if policy.get("class_name") == "DTypePolicyMap":
        default = float32(config.get("default_policy"), found)
        places = {k: float32(v, found) for k, v in (config.get("policy_map") or {}).items()}
        return policy | {"config": config | {"default_policy": default, "policy_map": places}}
    if "source_name" in config:
        return policy | {"config": config | {"source_name": float32(config["source_name"], found)}}
    name = config.get("name")
    # Keras 2 has a class of its own for policies, so the plain name stands for all of them.
    return float32(name, found) if isinstance(name, str) else policy


def check_float32(path: Path, net: Any) -> None:
    """Raise ModelError for layers that choose another precision by themselves."""
    for layer in net._flatten_layers():
        kinds = {str(variable.dtype) for variable in layer._trainable_variables}
        kinds |= {str(variable.dtype) for variable in layer._non_trainable_variables}
        kinds.add(str(layer.compute_dtype))
        if other := sorted(kinds & set(OTHERS)):
            raise ModelError(
                f"'{path}': the layer '{layer.name}' ({type(layer).__name__}) computes in "
                f"{other[0]} whatever its policy is; pass its dtype argument on "
                "(super().__init__(**kwargs)) and save again"
            )

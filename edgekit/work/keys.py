"""The hash that names a step: of all that determines its result."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import msgspec

from edgekit.files.checksum import sha256
from edgekit.work.cache import DONE
from edgekit.work.code import code_hash


def step_key(
    function: Callable[..., object], needs: Sequence[str], arguments: Mapping[str, Any], root: Path
) -> str:
    """The hash of a function, its code, the tools it needs and its arguments.

    An argument `engine` names the only one whose parts the function loads.
    """
    material = {
        "function": f"{function.__module__}:{function.__name__}",
        "code": code_hash(function.__module__, arguments.get("engine")),
        "tools": {module: tool_version(module) for module in needs},
        "arguments": {name: identity(value, root) for name, value in arguments.items()},
    }
    return hashlib.sha256(as_json(material).encode()).hexdigest()[:24]


def as_json(value: Any) -> str:
    """Plain values, structures and paths as JSON, which keeps names that are not UTF-8."""
    return json.dumps(msgspec.to_builtins(value, enc_hook=str), sort_keys=True)


def identity(value: Any, root: Path) -> Any:
    """What stands for an argument in the hash."""
    if not isinstance(value, Path):
        return value
    inside = value.relative_to(root).parts if value.is_relative_to(root) else ()
    if inside and DONE.fullmatch(inside[0]):
        return str(value.relative_to(root))
    if value.is_dir():
        files = sorted(path for path in value.rglob("*") if path.is_file())
        return {path.relative_to(value).as_posix(): sha256(path) for path in files}
    return [value.suffix, sha256(value)] if value.is_file() else str(value)


@cache
def distributions() -> Mapping[str, Sequence[str]]:
    """Which packages bring which modules: looked up once, since it reads the lists of all."""
    return packages_distributions()


@cache
def tool_version(module: str) -> str:
    """The version of the distribution that brings a module; for user modules, their file's hash."""
    for name in distributions().get(module.split(".", maxsplit=1)[0], []):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    try:
        spec = importlib.util.find_spec(module)
    except Exception:  # of the package that holds it; the step tells what is wrong
        spec = None
    origin = Path(spec.origin) if spec and spec.origin else None
    return sha256(origin) if origin and origin.is_file() else "none"

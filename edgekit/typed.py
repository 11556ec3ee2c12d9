"""Typed files: TOML and JSON read into structures, unknown keys refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from edgekit.errors import InputError, did_you_mean

T = TypeVar("T")

UNKNOWN_FIELD = re.compile(r"unknown field `([^`]+)`")


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every structure that is written to or read from a file."""


def read_toml(path: Path, kind: type[T], what: str) -> T:
    """Read the TOML file `path` as a `kind`.

    Raises:
        InputError: missing file, TOML syntax, unknown key (with a suggestion) or wrong type;
            names the file, the key and what is expected.
    """
    import tomllib  # devices read no TOML

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{what} '{path}' does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{what} '{path}' cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{what} '{path}' is not valid TOML: {error}") from None
    return convert(data, kind, f"{what} '{path}'")


def convert(data: Any, kind: type[T], where: str) -> T:
    """Turn plain data (from TOML or JSON) into a `kind`; raises InputError naming `where`."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        unknown = UNKNOWN_FIELD.search(message)
        if unknown and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            message += f"; {did_you_mean(unknown[1], kind.__struct_fields__)}"
        raise InputError(f"{where}: {message}") from None


def complete(value: Any) -> Any:
    """A structure as plain data with every default written out, so that it stays what it is."""
    if isinstance(value, msgspec.Struct):
        return {name: complete(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, (tuple, list)):
        return [complete(item) for item in value]
    return value


def to_json(value: Any) -> str:
    """Readable JSON, keys in the order of the structure, ending in a newline."""
    return json.dumps(msgspec.to_builtins(value), indent=2) + "\n"

"""Typed files: TOML and JSON read into structures, unknown keys refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from edgekit.errors import InputError, did_you_mean, one_line
from edgekit.files.paths import read_small

T = TypeVar("T")

MOST_PARTS = 64  # of a dotted key
STRING = r""""[^"\n]*"|'[^'\n]*'"""
COMMENT = r"#[^\n]*"
BETWEEN_KEYS = r"[=,\[\]{}\n]"

UNKNOWN_FIELD = r"unknown field `([^`]+)`(?: - at `([^`]+)`)?"
UNKNOWN_WORD = r"Invalid enum value '?([^']+?)'?(?: - at `([^`]+)`)?$"
PATH_STEP = r"\.(\w+)|\[[^]]*\]"  # a name, empty for an index


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every structure that is written to or read from a file."""


def read_toml(path: Path, kind: type[T], what: str) -> T:
    """Read the TOML file `path` as a `kind`.

    Raises:
        InputError: missing file, TOML syntax, unknown key (with a suggestion) or wrong type;
            names the file, the key and what is expected.
    """
    import tomllib  # devices read no TOML

    content = read_small(path, what)
    try:
        text = content.decode("utf-8")
        check_depth(text)
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise InputError(f"{what} '{path}' cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{what} '{path}' is not valid TOML: {error}") from None
    except (RecursionError, ValueError) as error:  # arrays in arrays, numbers of 5,000 digits
        raise InputError(f"{what} '{path}' is not valid TOML: {one_line(error)}") from None
    return convert(data, kind, f"{what} '{path}'")


def check_depth(text: str) -> None:
    """Raise ValueError for a key of very many parts, for which tomllib takes hours."""
    bare = re.sub(COMMENT, "", re.sub(STRING, "_", text))
    bare = bare.translate({ord(" "): None, ord("\t"): None})
    if max(part.count(".") for part in re.split(BETWEEN_KEYS, bare)) > MOST_PARTS:
        raise ValueError("a key has too many parts")


def convert(
    data: Any, kind: type[T], where: str, hook: Callable[[type, Any], Any] | None = None
) -> T:
    """Turn plain data (from TOML or JSON) into a `kind`; raises InputError naming `where`.

    `hook` makes values of types that JSON has not, as msgspec's `dec_hook`.
    """
    try:
        return msgspec.convert(data, kind, dec_hook=hook)
    except RecursionError:
        raise InputError(f"{where}: nested too deep") from None
    except msgspec.ValidationError as error:
        message = str(error)
        unknown = re.search(UNKNOWN_FIELD, message)
        if unknown:
            message += f"; {did_you_mean(unknown[1], keys_at(kind, unknown[2] or ''))}"
        elif word := re.search(UNKNOWN_WORD, message):
            message += f"; {did_you_mean(word[1], words_at(kind, word[2] or ''))}"
        raise InputError(f"{where}: {message}") from None


def keys_at(kind: Any, path: str) -> list[str]:
    """The keys that a structure may have at a place such as `$.parts[0]` of a `kind`."""
    structs = [place for place in types_at(kind, path) if hasattr(place, "fields")]
    return [field.encode_name for struct in structs for field in struct.fields]


def words_at(kind: Any, path: str) -> list[str]:
    """The values that may stand at a place of a `kind`, where they are listed."""
    return [str(word) for place in types_at(kind, path) for word in getattr(place, "values", ())]


def types_at(kind: Any, path: str) -> list[Any]:
    """What msgspec knows of the types at a place of a `kind`."""
    from msgspec import inspect  # only for messages

    places = alternatives(inspect.type_info(kind))
    for name in re.findall(PATH_STEP, path):
        found = [inner for place in places for inner in below(place, name)]
        places = [one for inner in found for one in alternatives(inner)]
    return places


def alternatives(place: Any) -> list[Any]:
    """The types of a union; any other is its own only one."""
    return list(getattr(place, "types", [place]))


def below(place: Any, name: str) -> list[Any]:
    """The types of what lies in a structure under a name, or (name empty) in a container."""
    if name:
        return [f.type for f in getattr(place, "fields", ()) if f.encode_name == name]
    inner = [getattr(place, side, None) for side in ("value_type", "item_type")]
    return [one for one in inner if one is not None] + list(getattr(place, "item_types", ()))


def complete(value: Any) -> Any:
    """A structure as plain data with every default written out, so that it stays what it is."""
    if isinstance(value, msgspec.Struct):
        return {name: complete(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, (tuple, list)):
        return [complete(item) for item in value]
    return value


def to_json(value: Any) -> str:
    """Readable JSON, keys in the order of the structure, ending in a newline.

    NaN and infinite numbers, for which JSON has no words, are null.
    """
    import json  # devices write none

    return json.dumps(finite(msgspec.to_builtins(value)), indent=2, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """Plain data with None for every number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pruned(told: Any, kind: Any) -> Any:
    """Plain data without the fields that a type, or one within it, does not know."""
    return known_part(told, msgspec.inspect.type_info(kind))


def known_part(told: Any, info: Any) -> Any:
    """Plain data without unknown fields, by the description of its type."""
    of = msgspec.inspect
    if isinstance(info, of.UnionType):
        fits = [each for each in info.types if not isinstance(each, of.NoneType)]
        return known_part(told, fits[0]) if len(fits) == 1 else told
    if isinstance(info, of.StructType) and isinstance(told, dict):
        fields = {field.encode_name: field.type for field in info.fields}
        return {n: known_part(each, fields[n]) for n, each in told.items() if n in fields}
    if isinstance(info, of.DictType) and isinstance(told, dict):
        return {name: known_part(each, info.value_type) for name, each in told.items()}
    if isinstance(info, of.VarTupleType) and isinstance(told, list):
        return [known_part(each, info.item_type) for each in told]
    return told

"""Every structure that goes through a file survives it; wrong files are explained in one line."""

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

import edgekit
from edgekit.domain import Domain
from edgekit.errors import InputError
from edgekit.typed import Typed, convert, read_toml, to_json

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=8)
# What checks itself is not made of just any values.
OWN: dict[type, list[Any]] = {
    Domain: [
        Domain("normal", mean=0.5, deviation=2.0),
        Domain("uniform", range=(0.01, 80.0)),
        Domain("integers", range=(0.0, 999.0)),
        Domain("one-hot", columns=(3, 7)),
        Domain("mask"),
    ]
}
PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBERS | TEXTS


def values(kind: inspect.Type, most: int = 2) -> st.SearchStrategy[Any]:
    """Any value of a field's type; containers hold `most` items, fewer deep inside."""
    simple: dict[type, st.SearchStrategy[Any]] = {
        inspect.AnyType: PLAIN | st.dictionaries(TEXTS, PLAIN, max_size=2),
        inspect.BoolType: st.booleans(),
        inspect.FloatType: NUMBERS,
        inspect.IntType: st.integers(-(2**63), 2**63 - 1),
        inspect.NoneType: st.none(),
        inspect.StrType: TEXTS,
    }
    match kind:
        case inspect.LiteralType(values=allowed):
            return st.sampled_from(allowed)
        case inspect.UnionType(types=types):
            return st.one_of([values(one, most) for one in types])
        case inspect.TupleType(item_types=items):
            return st.tuples(*(values(item, most) for item in items))
        case inspect.VarTupleType(item_type=item):
            return st.lists(values(item, most), max_size=most).map(tuple)
        case inspect.ListType(item_type=item):
            return st.lists(values(item, most), max_size=most)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(values(key), values(value, most), max_size=most)
        case inspect.StructType(cls=cls) if cls in OWN:
            return st.sampled_from(OWN[cls])
        case inspect.StructType(cls=cls, fields=fields):
            inner = max(most - 1, 1)
            return st.builds(cls, **{field.name: values(field.type, inner) for field in fields})
    return simple[type(kind)]


def all_subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(all_subclasses, kind.__subclasses__()))


def file_types() -> list[type[Typed]]:
    """Every Typed of edgekit that has no Path: those stay inside one process."""
    for module in pkgutil.walk_packages(edgekit.__path__, "edgekit."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    kinds = [kind for kind in all_subclasses(Typed) - {Typed} if kind.__module__[:7] == "edgekit"]
    inside = [kind for kind in kinds if "path" in repr(inspect.type_info(kind)).lower()]
    return sorted(set(kinds) - set(inside), key=lambda kind: (kind.__module__, kind.__name__))


KINDS = pytest.mark.parametrize(
    "kind",
    file_types(),
    ids=lambda kind: f"{kind.__module__.removeprefix('edgekit.')}.{kind.__name__}",
)


def test_the_main_types_are_among_them() -> None:
    names = {kind.__name__ for kind in file_types()}
    assert {"Manifest", "Model", "Recipe", "Report", "Target", "Gate", "ModelToml"} <= names


@KINDS
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_round_trip(kind: type[Typed], data: st.DataObject) -> None:
    value = data.draw(values(inspect.type_info(kind)))
    text = to_json(value)
    assert text.endswith("\n")
    assert convert(json.loads(text), kind, "here") == value


@KINDS
def test_unknown_keys_are_refused(kind: type[Typed]) -> None:
    field = next(iter(kind.__struct_fields__), "")
    with pytest.raises(InputError, match=f"^'m.json': .*unknown field `{field}x`") as caught:
        convert({f"{field}x": 1}, kind, "'m.json'")
    assert field in str(caught.value).split(";")[1], "suggests the field that was meant"


@KINDS
def test_frozen(kind: type[Typed]) -> None:
    assert kind.__struct_config__.frozen


class Board(Typed):
    name: str
    cores: int = 4


def test_numbers_that_are_none_become_null() -> None:
    values = {"a": [float("nan"), 1.5], "b": {"c": float("inf")}, "d": (float("-inf"), 2)}
    assert json.loads(to_json(values)) == {"a": [None, 1.5], "b": {"c": None}, "d": [None, 2]}


class Shelf(Typed):
    boards: dict[str, Board] = {}  # noqa: RUF012 - a struct field, copied for each instance
    pairs: tuple[tuple[int, Board], ...] = ()
    first: Board | None = None


@pytest.mark.parametrize(
    "data",
    [
        {"boards": {"x": {"core": 2}}},
        {"pairs": [[1, {"name": "pi"}], [2, {"core": 2}]]},
        {"first": {"core": 2}},
    ],
)
def test_inner_keys_are_suggested_inside(data: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"`core`.*; did you mean 'cores'\?"):
        convert(data, Shelf, "here")


def test_defaults_are_left_out() -> None:
    assert json.loads(to_json(Board(name="x"))) == {"name": "x"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'name = "pi"\ncore = 2\n', "unknown field `core`; did you mean 'cores'?"),
        (b'name = "pi"\ncores = "two"\n', "Expected `int`, got `str` - at `$.cores`"),
        (b"cores = 2\n", "missing required field `name`"),
        (b"name = pi\n", "is not valid TOML: Invalid value (at line 1, column 8)"),
        (b"name = '\xff'\n", "cannot be read: 'utf-8' codec can't decode"),
    ],
)
def test_toml_errors_name_file_key_and_remedy(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "board.toml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_toml(path, Board, "board")
    text = str(caught.value)
    assert text.startswith(f"board '{path}'")
    assert message in text
    assert "\n" not in text


def test_toml_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_toml(tmp_path / "none.toml", Board, "board")
    with pytest.raises(InputError, match=r"cannot be read: .*directory"):
        read_toml(tmp_path, Board, "board")

"""The file names of a folder are the names that users type; every file keeps its contract."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

import edgekit
from edgekit import plugin
from edgekit.errors import InputError
from edgekit.families._base import Family
from edgekit.passes import load_pass, pass_names
from edgekit.plan.gate import parse_gate
from edgekit.typed import Typed

HOME = Path(edgekit.__file__).parent
# What an engine's folder holds beside what runs its artifacts.
PARTS_OF_AN_ENGINE = {
    "coverage": ["executed"],
    "inspect": ["facts", "tables"],
    "precision": ["layers", "passes"],
    "rewrites": ["read_rewrites"],
    "space": ["narrowed", "other_forms", "passes", "variants"],
}
PACKAGES = ["engines", "families", "metrics", "passes", "sources"]
PACKAGES += [
    f"engines.{e}.{part}" for e in plugin.names("engines") for part in ("passes", "rewrites")
]
KINDS_OF_MODEL = {"original", "saved-model"}


def every(package: str) -> Any:
    return pytest.mark.parametrize("name", plugin.names(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_names_are_the_files(package: str) -> None:
    home = HOME / package.replace(".", "/")
    files = [*home.glob("*.py"), *(path.parent for path in home.glob("*/__init__.py"))]
    stems = [path.stem.replace("_", "-") for path in files if not path.stem.startswith("_")]
    assert plugin.names(package) == sorted(stems)
    assert stems, "an empty folder proves nothing"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_has_a_docstring(package: str) -> None:
    assert all((plugin.load(package, name).__doc__ or "").strip() for name in plugin.names(package))


@pytest.mark.parametrize(
    ("package", "typed", "message"),
    [
        ("metrics", "pnsr", "unknown metric 'pnsr'; did you mean 'psnr'?"),
        ("metrics", "max_error", "unknown metric 'max_error'; did you mean 'max-error'?"),
        ("engines", "litret", "unknown engine 'litret'; did you mean 'litert'?"),
        ("families", "_base", "unknown family '_base'; known: autoencoder, "),
        ("passes", "../passes/export", "unknown pass '../passes/export'"),
        ("engines.litert.passes", "lwer", "unknown pass of litert 'lwer'; did you mean 'lower'?"),
        ("engines.litert.rewrites", "square", "unknown rewrite of litert 'square'; did you mean "),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(package: str, typed: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        plugin.load(package, typed)
    assert str(caught.value).startswith(message)


def test_listing_names_imports_none_of_them(python: Any) -> None:
    program = f"""
import sys
from edgekit import plugin
for package in {PACKAGES}:
    for name in plugin.names(package):
        assert f"edgekit.{{package}}.{{plugin.module_name(name)}}" not in sys.modules, name
print("done")
"""
    assert python(program) == "done"


@every("families")
def test_a_family(name: str) -> None:
    family = plugin.load("families", name).Family
    assert issubclass(family, Family)
    assert family.gates, "a family without default gates lets anything through"
    for metric, bound in family.gates.items():
        parse_gate(metric + bound)
    assert family.parts
    for method in ("describe", "shown", "draw", "trial"):
        assert getattr(family, method) is not getattr(Family, method), method


@pytest.mark.parametrize(
    ("engine", "name"), [(e, name) for e in plugin.names("engines") for name in pass_names(e)]
)
def test_a_pass(engine: str, name: str) -> None:
    module = load_pass(name, engine)
    read = set(plugin.part(engine, "runtime").FORMATS)
    assert {module.TAKES, module.GIVES} <= KINDS_OF_MODEL | read
    assert all(isinstance(needed, str) for needed in module.NEEDS)
    assert issubclass(module.Options, Typed)
    assert msgspec.convert({}, module.Options) == module.Options(), "every option has a default"
    assert callable(module.run)
    assert module.run.__doc__


@every("engines")
def test_an_engine(name: str) -> None:
    module = plugin.part(name, "runtime")
    assert all(suffix.startswith(".") for suffix in module.FORMATS.values())
    assert "cpu" in module.DEVICES
    assert module.MODULES
    for function in ("check_installed", "warm", "files", "load", "describe"):
        assert getattr(module, function).__doc__, function
    for part, functions in PARTS_OF_AN_ENGINE.items():
        found = plugin.part(name, part)
        assert all(getattr(found, function).__doc__ for function in functions), part
    with pytest.raises(InputError, match=f"engine '{name}' has no wings"):
        plugin.part(name, "wings")


@every("sources")
def test_a_source(name: str, tmp_path: Path) -> None:
    module = plugin.load("sources", name)
    (tmp_path / "photo.jpg").write_bytes(b"no model")
    assert module.matches(tmp_path / "photo.jpg") is False
    assert module.matches(tmp_path / "missing") is False
    assert callable(module.check)
    assert callable(module.open_parts)

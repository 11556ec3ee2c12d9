"""A step is done again when code that it may run has changed, and only then."""

import ast
import importlib
import re
import shutil
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit import plugin
from edgekit.mixed import sensitivity
from edgekit.original import describe
from edgekit.passes import _run
from edgekit.work import code, keys
from tests.work import forget

QUANTIZE = ("edgekit.passes._run", "litert")


@pytest.mark.parametrize(
    "needed",
    ["passes._run", "engines.litert.passes.quantize", "engines.litert.passes.lower",
     "engines.litert.rewrites.squares", "engines.litert.file", "engines.litert.edit",
     "passes.export", "model", "typed", "errors", "work.worker", "sources.keras", "data.npz",
     "families.latent", "plugin", "work.children", "work.forkserver"],
)  # fmt: skip
def test_what_a_pass_may_run(needed: str) -> None:
    assert f"edgekit.{needed}" in code.modules(*QUANTIZE)


@pytest.mark.parametrize(
    "other",
    ["cli", "jobs", "report", "search", "candidates", "plan", "bundle", "engines.openvino"],
)
def test_what_it_never_runs(other: str) -> None:
    """So a changed word in the report costs no conversion."""
    name = f"edgekit.{other}"
    assert not {each for each in code.modules(*QUANTIZE) if each.startswith(name)}


def test_a_step_of_any_engine_knows_them_all() -> None:
    found = code.modules(describe.__name__, None)
    assert {f"edgekit.engines.{name}.runtime" for name in plugin.names("engines")} <= found


def test_what_looks_at_all_engines_depends_on_that_part_of_each() -> None:
    """Which engine reads a format is asked of all of them, whichever is told."""
    found = code.modules(sensitivity.__name__, "openvino")
    assert "edgekit.engines.litert.runtime" in found
    assert not any(name.startswith("edgekit.engines.litert.passes") for name in found)


def test_what_is_no_engine_tells_nothing() -> None:
    assert code.modules(_run.__name__, "other") == code.modules(_run.__name__, None)


def test_every_module_that_a_step_imports_is_known(python: object) -> None:
    """What a process has imported after a step was loaded is a part of what was found."""
    for module, engine in (QUANTIZE, (sensitivity.__name__, "openvino"), (describe.__name__, None)):
        program = f"""
import sys, importlib
importlib.import_module({module!r})
import edgekit.work.worker
print(sorted(name for name in sys.modules if name.startswith("edgekit")))
"""
        imported = set(eval(python(program)))  # type: ignore[operator]
        assert imported <= code.modules(module, engine), module


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of edgekit's own folder in which files may be changed, as `edgekit`."""
    home = Path(importlib.import_module("edgekit").__file__ or "").parent
    shutil.copytree(home, tmp_path / "edgekit", symlinks=False,
                    ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    monkeypatch.setattr(code, "folders", lambda name: iter([tmp_path.joinpath(*name.split("."))]))
    forget()
    yield tmp_path / "edgekit"
    monkeypatch.undo()
    forget()


def key() -> str:
    forget()
    return keys.step_key(_run.run_pass, (), {"engine": "litert"}, Path("/work"))


@pytest.mark.parametrize(
    ("file", "again"),
    [
        ("engines/litert/passes/quantize.py", True),
        ("engines/litert/rewrites/squares.py", True),
        ("engines/_rewriting.py", True),
        ("work/children.py", True),
        ("typed.py", True),
        ("report/page.py", False),
        ("cli/convert.py", False),
        ("jobs/convert.py", False),
        ("search/trials.py", False),
        ("candidates/ranking.py", False),
        ("engines/openvino/passes/quantize.py", False),
    ],
)
def test_what_changes_the_key_of_a_step(package: Path, file: str, again: bool) -> None:
    before = key()
    path = package / file
    path.write_text(path.read_text() + "\n# another word\n")
    assert (key() != before) is again


IMPORTS = {
    "import": "import edgekit.pareto",
    "from package": "from edgekit import pareto",
    "from module": "from edgekit.pareto import front",
    "in a list": "from edgekit import (\n    errors,\n    pareto,  # a comment\n)",
    "in a list with remarks": "from edgekit import (\n    errors,  # (all of them)\n    pareto,\n)",
    "in a function": "def f():\n    from edgekit import pareto",
    "by another name": "from edgekit import pareto as p",
    "beside others": "import os, edgekit.pareto",
    "after another": "from os import path; from edgekit import pareto",
    "after what looks like one": "# from (a\nfrom edgekit import pareto",
    "over two lines": "from edgekit \\\n    import errors, \\\n    pareto",
    "from above": "from .. import pareto",
    "from within above": "from ..pareto import front",
    "from beside": "from . import beside",
    "with its package": "import edgekit.room.inner.other",
    "all of a package": "from edgekit.room import *",
    "as text": 'NAME = "edgekit.pareto"',
}


@pytest.fixture
def room(package: Path) -> Path:
    """A package in which several modules import `edgekit.pareto`, and `user` nothing yet."""
    folder = package / "room"
    (folder / "inner").mkdir(parents=True)
    for name in ("__init__.py", "user.py", "inner/other.py"):
        (folder / name).touch()
    for name in ("beside.py", "inner/__init__.py"):
        (folder / name).write_text("from edgekit.pareto import front")
    return folder


def used(room: Path, source: str) -> frozenset[str]:
    """The modules that `user` may run."""
    (room / "user.py").write_text(source)
    forget()
    return code.modules("edgekit.room.user", None)


@pytest.mark.parametrize("how", IMPORTS)
def test_however_a_module_is_imported_it_is_found(room: Path, how: str) -> None:
    assert "edgekit.pareto" not in used(room, "")
    assert "edgekit.pareto" in used(room, IMPORTS[how])


@pytest.mark.parametrize(
    "how",
    ["plugin.load(kind, name)", 'plugin.load("engines" + name)', "map(plugin.load, kinds, names)",
     "from edgekit import plugin as p\np.load", "from edgekit.plugin import load"],
)  # fmt: skip
def test_where_it_is_not_plain_what_is_looked_for_it_may_be_anything(room: Path, how: str) -> None:
    assert {"edgekit.metrics.psnr", "edgekit.engines.openvino.passes.quantize"} <= used(room, how)


def test_what_is_plain_is_that_folder(room: Path) -> None:
    found = used(room, 'plugin.load("metrics", name)')
    assert "edgekit.metrics.psnr" in found
    assert "edgekit.families.latent" not in found


def parsed(source: str, package: str) -> set[str]:
    """What Python's own parser says that a module in a package imports of edgekit."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            found |= {origin, *(f"{origin}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.startswith("edgekit.")}


def test_every_import_that_there_is_is_read() -> None:
    for module in code.every("edgekit"):
        place = code.place(module)
        assert place is not None
        package = module if place.name == "__init__.py" else module.rpartition(".")[0]
        assert parsed(place.read_text(encoding="utf-8"), package) <= code.named(module), module


@settings(max_examples=300)
@given(st.data())
@pytest.mark.long
def test_however_an_import_is_laid_out_it_is_read(data: st.DataObject) -> None:
    def drawn(*choices: str) -> str:
        return data.draw(st.sampled_from(choices))

    def gap() -> str:
        return drawn(" ", "\t ", " \\\n ", "  \\\n\\\n")

    def dot() -> str:
        return drawn(".", " . ", "\\\n.")

    def inner() -> str:
        return drawn(" ", "\n", " # (all\n", "\n#) or not, \\\n")

    count = data.draw(st.integers(1, 3))
    words = [drawn("one", f"two{gap()}as{gap()}three", "import_", "from_") for _ in range(count)]
    plain = gap() + f",{gap()}".join(words)
    listed = f"({inner()}{f',{inner()}'.join(words)}{inner()})"
    start = drawn("edgekit", f"edgekit{dot()}a{dot()}b", ".", ". .", f"..{dot()}c")
    before = drawn("", "'from edgekit'; ", "x = 1 # from (\n", '"""so (from a import (b)"""\n')
    after = drawn("", "; x = 1", " # from")
    source = f"{before}from{gap()}{start}{gap()}import{drawn(plain, listed)}{after}\n"
    assert parsed(source, "edgekit.a.b") <= code.names(source, "edgekit.a.b")


def test_nothing_else_is_looked_up_by_name() -> None:
    """What is not looked for by `plugin` would be missed."""
    ways = re.compile(r"import_module|__import__|\bexec\(|runpy|spec_from|SourceFileLoader")
    for module in code.every("edgekit"):
        room, _, name = module.removeprefix("edgekit.").partition(".")
        if ways.search(code.text(module)) and room not in ("cli", "plugin", "own_modules"):
            assert f"{room}.{name}" in ("work.code", "work.forkserver", "work.worker"), module


def test_a_function_of_somebody_elses_depends_on_all_of_edgekit() -> None:
    found = code.modules("tests.work.steps", None)
    assert {"edgekit.report.page", "edgekit.cli.convert"} <= found

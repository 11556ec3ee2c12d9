"""A step is done again when code that it may run has changed, and only then."""

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgekit import plugin
from edgekit.mixed import sensitivity
from edgekit.original import describe
from edgekit.passes import _run
from edgekit.work import code, keys

QUANTIZE = ("edgekit.passes._run", "litert")


@pytest.mark.parametrize(
    "needed",
    ["passes._run", "engines.litert.passes.quantize", "engines.litert.passes.lower",
     "engines.litert.rewrites.squares", "engines.litert.file", "engines.litert.edit",
     "passes.export", "model", "typed", "errors", "work.worker", "sources.keras", "data.npz",
     "families.latent", "plugin"],
)  # fmt: skip
def test_what_a_pass_may_run(needed: str) -> None:
    assert f"edgekit.{needed}" in code.modules(*QUANTIZE)


@pytest.mark.parametrize(
    "other", ["cli", "jobs", "report", "search", "candidates", "plan", "engines.openvino"]
)
def test_what_it_never_runs(other: str) -> None:
    """So a changed word in the report costs no conversion."""
    name = f"edgekit.{other}"
    assert not {each for each in code.modules(*QUANTIZE) if each.startswith(name)}


def test_a_step_of_any_engine_knows_them_all() -> None:
    found = code.modules(describe.__name__, None)
    assert {f"edgekit.engines.{name}.runtime" for name in plugin.names("engines")} <= found


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
    real = code.folders

    def folders(name: str) -> Iterator[Path]:
        yield from (tmp_path / place.relative_to(home.parent) for place in real(name))

    monkeypatch.setattr(code, "folders", folders)
    forget()
    yield tmp_path / "edgekit"
    monkeypatch.undo()
    forget()


def forget() -> None:
    """Look at files again."""
    for name in ("modules", "named", "found_by_name", "every", "place", "text", "fingerprint"):
        getattr(code, name).cache_clear()


def key() -> str:
    forget()
    return keys.step_key(_run.run_pass, (), {"engine": "litert"}, Path("/work"))


@pytest.mark.parametrize(
    ("file", "again"),
    [
        ("engines/litert/passes/quantize.py", True),
        ("engines/litert/rewrites/squares.py", True),
        ("engines/_rewriting.py", True),
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
    "import": "import edgekit.units",
    "from package": "from edgekit import units",
    "from module": "from edgekit.units import size_text",
    "in a list": "from edgekit import (\n    errors,\n    units,  # a comment\n)",
    "in a function": "def f():\n    from edgekit import units",
    "by another name": "from edgekit import units as u",
    "as text": 'NAME = "edgekit.units"',
}


@pytest.mark.parametrize("how", IMPORTS)
def test_however_a_module_is_imported_it_is_found(package: Path, how: str) -> None:
    name = "edgekit.machine.other"
    (package / "machine" / "other.py").write_text(IMPORTS[how])
    forget()
    assert "edgekit.units" in code.modules(name, "litert")


def test_names_are_looked_up_in_one_way_only() -> None:
    """Else what is found by name would be missed."""
    home = Path(importlib.import_module("edgekit").__file__ or "").parent
    for path in home.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "from edgekit.plugin import" not in text, path
        if "import_module(" in text and path.parent.name not in ("work", "cli"):
            assert path.stem in ("plugin", "own_modules"), path


def test_a_function_of_somebody_elses_depends_on_all_of_edgekit() -> None:
    found = code.modules("tests.work.steps", None)
    assert {"edgekit.report.page", "edgekit.cli.convert"} <= found

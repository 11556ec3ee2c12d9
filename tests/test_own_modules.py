"""The user's modules are found in the current folder; nothing else there passes for a library."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgekit import own_modules
from edgekit.data.load import call_function
from edgekit.errors import InputError
from edgekit.own_modules import CurrentFolder, check_module, import_own

DECOY = "raise SystemExit('a file of the current folder ran as a library')\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a package and a module of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in ("", ".")])
    monkeypatch.setattr(own_modules, "FOLDER", CurrentFolder())
    (tmp_path / "mine_pkg" / "inner").mkdir(parents=True)
    (tmp_path / "mine_pkg" / "__init__.py").write_text("import mine_sibling\n")
    (tmp_path / "mine_pkg" / "inner" / "deep.py").write_text(
        "from .. import mine_sibling\n"
        "def rows():\n"
        "    import mine_late\n"
        "    return mine_late.ROWS\n"
    )
    (tmp_path / "mine_sibling.py").write_text("NAME = 'sibling'\n")
    (tmp_path / "mine_late.py").write_text("ROWS = [1, 2]\n")
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.meta_path[:] = [f for f in sys.meta_path if f is not own_modules.FOLDER]


def test_a_module_that_was_named(folder: Path) -> None:
    assert import_own("mine_sibling").NAME == "sibling"


def test_a_package_with_what_it_imports_from_beside_it(folder: Path) -> None:
    """At once, and later: within a call."""
    check_module("mine_pkg.inner.deep", "--data")
    assert call_function("mine_pkg.inner.deep:rows") == [1, 2]


def test_a_module_that_was_not_named(folder: Path) -> None:
    import_own("mine_sibling")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("mine_late")  # by this test, as by a library


def test_an_installed_package_that_was_named_finds_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its optional imports are still not the current folder's."""
    site = folder / "site"
    site.mkdir()
    (site / "installed.py").write_text(
        "try:\n    import org\nexcept ImportError:\n    org = None\n"
    )
    (folder / "org.py").write_text(DECOY)
    monkeypatch.syspath_prepend(site)
    assert import_own("installed").org is None


def test_a_module_that_is_missing(folder: Path) -> None:
    with pytest.raises(InputError, match="--data: ModuleNotFoundError: No module named 'absent'"):
        check_module("absent", "--data")


def test_a_module_is_named_and_not_its_file(folder: Path) -> None:
    for file in ("mine_late.py", str(folder / "mine_late.py"), "./mine_late"):
        with pytest.raises(InputError, match="not its file: give 'mine_late'"):
            check_module(file, "--custom-objects")

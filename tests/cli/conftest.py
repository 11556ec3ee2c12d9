from pathlib import Path

import pytest

from .shell import Shell

PASSES = Path(__file__).parent / "passes"


@pytest.fixture
def shell(tmp_path: Path, cache: Path, nets: Path) -> Shell:
    """A user in an empty folder, with the session's cache and nets."""
    folder = tmp_path / "home"
    folder.mkdir()
    return Shell(folder, cache, nets)


@pytest.fixture
def misbehaving(shell: Shell) -> Shell:
    """The same user, with the passes of tests/cli/passes installed."""
    shell.plug(f"import edgekit.passes\nedgekit.passes.__path__.append({str(PASSES)!r})\n")
    return shell

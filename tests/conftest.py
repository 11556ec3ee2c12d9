import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.cli.nets import write_nets
from tests.cli.shell import Shell

# The same examples on every run: a red test means a changed program.
settings.register_profile("edgekit", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("edgekit")

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def python() -> Callable[[str], str]:
    """Run a program in a fresh interpreter; gives what it prints."""

    def run(program: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny nets, sound and faulty (tests/cli/nets.py)."""
    folder = tmp_path_factory.mktemp("nets")
    write_nets(folder)
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished steps, shared by all conversions of the session."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory, cache: Path, nets: Path) -> Path:
    """A generator of 8×8 pictures, converted for linux-litert in float32; not to be changed."""
    shell = Shell(tmp_path_factory.mktemp("tiny"), cache, nets)
    shell.convert("latent.keras").success()
    return shell.folder / "out" / "linux-litert"

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.cli.nets import write_nets
from tests.cli.shell import Shell

# The same examples on every run: a red test means a changed program.
settings.register_profile("edgekit", deadline=None, derandomize=True, max_examples=30)
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


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Makes a folder by its name, once for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                work = shared / f"{name}.work"
                shutil.rmtree(work, ignore_errors=True)  # of a process that failed
                work.mkdir()
                make(work)
                work.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def nets(once: Once) -> Path:
    """A folder of tiny nets, sound and faulty (tests/cli/nets.py)."""
    return once("nets", write_nets)


@pytest.fixture(scope="session")
def converted(once: Once, nets: Path) -> Path:
    """A home where a generator of 8×8 pictures was converted for linux-litert in float32."""

    def convert(home: Path) -> None:
        (home / "cache").mkdir()
        Shell(home, home / "cache", nets).convert("latent.keras").success()

    return once("converted", convert)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory, converted: Path) -> Path:
    """Finished steps, shared by the conversions of this process."""
    folder = tmp_path_factory.mktemp("steps") / "cache"
    shutil.copytree(converted / "cache", folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bundle(converted: Path) -> Path:
    """A generator of 8×8 pictures, converted for linux-litert in float32; not to be changed."""
    return converted / "out" / "linux-litert"

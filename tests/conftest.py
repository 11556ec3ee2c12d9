import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

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

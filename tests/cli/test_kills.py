"""A conversion killed at any moment leaves a whole bundle or none, and a cache that goes on."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from edgekit.bundle.reading import read_manifest
from edgekit.files.durable import UNFINISHED
from edgekit.files.intact import intact

from .shell import Shell, steps, wait_for

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("times", [5, 100])
@pytest.mark.parametrize("replaces", [False, True], ids=["new", "replaced"])
def test_conversions(shell: Shell, tmp_path: Path, times: int, replaces: bool) -> None:
    """From an empty cache on, each goes on where the last one was killed."""
    chance = random.Random(times)
    shell.cache = tmp_path / "cache"
    bundle = shell.folder / "out" / "linux-litert"
    if replaces:
        shell.convert("latent.keras").success()
        assert read_manifest(bundle)
    for _ in range(times):
        with subprocess.Popen(
            shell.command(shell.conversion("latent.keras", "--force")),
            cwd=shell.folder,
            env=os.environ | shell.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            time.sleep(chance.uniform(0.2, 4))
            process.kill()
        assert bundle.exists() or not replaces
        if bundle.exists():
            read_manifest(bundle)  # every file, by its checksum
        assert all(intact(shell.cache / name) for name in steps(shell.cache))
    wait_for(lambda: shell.processes() == [], seconds=5)
    shell.convert("latent.keras", "--force").success()
    read_manifest(bundle)
    assert shell.unfinished() == []
    assert not [path for path in shell.folder.rglob(".*") if UNFINISHED.fullmatch(path.name)]

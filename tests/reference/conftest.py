from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reference import PLUG, plugged
from tests.reference.net import generator


@pytest.fixture(scope="module", autouse=True)
def reference_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The reference engine and its source are installed, here and in children."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(PLUG)
    with pytest.MonkeyPatch.context() as patch, plugged():
        patch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session")
def latent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator of 8×8 pictures."""
    path = tmp_path_factory.mktemp("nets") / "latent.net"
    generator().save(path)
    return path

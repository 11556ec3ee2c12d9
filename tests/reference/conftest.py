from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reference import PLUG, plugged
from tests.reference.net import generator


@pytest.fixture(autouse=True)
def reference_engine(tmp_path_factory: pytest.TempPathFactory,
                     monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # fmt: skip
    """The reference engine and its source are installed, here and in children."""
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(PLUG)
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    with plugged():
        yield


@pytest.fixture(scope="session")
def latent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator of 8×8 pictures."""
    path = tmp_path_factory.mktemp("nets") / "latent.net"
    generator().save(path)
    return path

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reference import PLUG, TARGET, plugged
from tests.reference.net import filter_net, generator

from .shell import Shell


@pytest.fixture
def shell(tmp_path: Path, cache: Path, nets: Path) -> Shell:
    """A user in an empty folder, with the session's cache and nets."""
    folder = tmp_path / "home"
    folder.mkdir()
    return Shell(folder, cache, nets)


@pytest.fixture(scope="session")
def quick_nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nets of the reference engine."""
    folder = tmp_path_factory.mktemp("quick-nets")
    generator().save(folder / "latent.net")
    filter_net((16, 16, 1)).save(folder / "image.net")
    filter_net((None, 1), "sound", "tanh").save(folder / "signal.net")
    return folder


@pytest.fixture(scope="session")
def quick_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished steps of the reference engine."""
    return tmp_path_factory.mktemp("quick-cache")


@pytest.fixture
def quick(tmp_path: Path, quick_cache: Path, quick_nets: Path) -> Iterator[Shell]:
    """A user who has the reference engine (tests/reference), with which all is done in a moment."""
    folder = tmp_path / "quick"
    folder.mkdir()
    shell = Shell(folder, quick_cache, quick_nets)
    shell.target = str(TARGET)
    shell.plug(PLUG)
    with plugged():
        yield shell

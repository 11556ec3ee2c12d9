"""Nothing leaves the machine, and nothing is left in the home folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import EDGEKIT
from tests.tiny import generator_bundle, litert_bundle

# Counts what had no route: in a name space without a network, all that was to leave.
COUNT = """
names, values = [line.split() for line in open("/proc/net/snmp") if line.startswith("Ip:")]
print("tried to leave:", dict(zip(names, values))["OutNoRoutes"])
"""
ASK = "import socket\ntry:\n    socket.getaddrinfo('example.com', 80)\nexcept OSError:\n    pass\n"
QUIET_BY_ITSELF = ("CI", "TF_BUILD", "JENKINS_URL", "PYTEST_VERSION", "PYTEST_CURRENT_TEST")


def without_network() -> list[str]:
    """What runs a command in an empty network name space: with the rights of a user, or of root.

    Some systems keep either from making one. Where tests must be whole, that is a failure.
    """
    if unshare := shutil.which("unshare"):
        for option in ("-rn", "-n"):
            if not subprocess.run([unshare, option, "true"], check=False).returncode:
                return [unshare, option]
    told = "no empty network name space: install `unshare`, allow user name spaces, or run as root"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)


def offline(home: Path, *commands: list[str]) -> str:
    """Run commands of Python one after another without a network; gives what was printed."""
    alone = without_network()
    env = {name: value for name, value in os.environ.items() if name not in QUIET_BY_ITSELF}
    scripts = [[sys.executable, *command] for command in (*commands, ["-c", COUNT])]
    program = f"import subprocess\nfor s in {scripts}: subprocess.run(s, check=True)"
    done = subprocess.run(
        [*alone, sys.executable, "-c", program],
        env=env | {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_without_a_name_space_nothing_passes_for_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="unshare"):
        without_network()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="unshare"):
        without_network()


def test_what_wants_to_leave_is_counted(home: Path) -> None:
    """By the kernel: libraries in C are seen too."""
    assert "tried to leave: 0" not in offline(home, ["-c", ASK])


@pytest.mark.parametrize("make", [generator_bundle, litert_bundle])
def test_running_a_bundle(home: Path, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    bundle = make(tmp_path / "bundle")
    run = [str(EDGEKIT), "run", str(bundle), "-o", str(tmp_path / "samples.npy")]
    assert "tried to leave: 0" in offline(home, run)
    assert list(home.iterdir()) == []


@pytest.mark.slow
def test_converting(home: Path, nets: Path) -> None:
    net = str(nets / "latent.keras")
    targets = ["-t", "linux-openvino", "-t", "linux-litert"]
    convert = [str(EDGEKIT), "convert", net, *targets, "-r", "int8", "-o", str(home / "out")]
    assert "tried to leave: 0" in offline(home, convert)
    assert {path.name for path in home.iterdir()} <= {"out", ".cache", ".config"}
    assert {path.name for path in (home / ".cache").iterdir()} <= {"edgekit", "matplotlib"}

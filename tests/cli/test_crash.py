"""An engine that crashes takes no words away: one line, and the code of an error."""

from __future__ import annotations

import json
import signal

import pytest

from tests.tiny import litert_bundle

from .shell import Shell, wait_for

CRASHING = """
import os, resource
from edgekit.engines.litert import runtime as litert
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
litert.load = lambda *_: os.kill(os.getpid(), {number})
"""
COMMANDS = {
    "run": ("run", "b", "-o", "x.npy"),
    "bench": ("bench", "b"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_crash_is_one_line(shell: Shell, command: str) -> None:
    litert_bundle(shell.folder / "b")
    shell.plug(CRASHING.format(number=int(signal.SIGSEGV)))
    error = shell.refuse(*COMMANDS[command])
    assert error.startswith("the engine crashed (SIGSEGV); the artifact may be damaged")
    assert json.loads(shell(*COMMANDS[command], "--json").out)["exit_code"] == 1


def test_killed_for_memory(shell: Shell) -> None:
    litert_bundle(shell.folder / "b")
    shell.plug(CRASHING.format(number=int(signal.SIGKILL)))
    assert "memory may have been short" in shell.refuse(*COMMANDS["run"])


WAITING = """
import time
from pathlib import Path
from edgekit.engines.litert import runtime as litert
def load(*_):
    Path("reached").touch()
    time.sleep(60)
litert.load = load
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_both_processes(shell: Shell, number: signal.Signals) -> None:
    litert_bundle(shell.folder / "b")
    shell.plug(WAITING)
    done = shell.interrupt(number, COMMANDS["run"], (shell.folder / "reached").exists)
    assert done.code == (-9 if number == signal.SIGKILL else 130)
    wait_for(lambda: shell.processes() == [], seconds=5)


def test_it_ends_with_its_own_code(shell: Shell) -> None:
    litert_bundle(shell.folder / "b")
    shell(*COMMANDS["run"]).success()
    assert (shell.folder / "x.npy").is_file()
    shell.refuse("run", "nowhere", "-o", "x.npy")
    shell.refuse("run", "b", "--nonsense", code=2)

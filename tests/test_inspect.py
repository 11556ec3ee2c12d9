"""A crafted artifact that crashes an engine, or wants all of the machine, is one line."""

from pathlib import Path

import pytest

from edgekit.errors import InputError
from edgekit.jobs import inspect
from edgekit.original.describe import Given
from edgekit.sources import Trust
from edgekit.work.worker import Limits

CRAFTED = {
    "crash": ("import os; os.kill(os.getpid(), 11)", "the process crashed .SIGSEGV"),
    "memory": ("bytearray(1 << 32)", "out of memory"),
    "time": ("while True: pass", "the process (crashed|was killed) .SIG(XCPU|KILL)"),
    "error": ("{}['op']", "is damaged .KeyError: 'op'"),
}


@pytest.mark.parametrize("case", CRAFTED)
def test_an_artifact_that_does_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """A file that an engine of the test's own obeys stands for one that exploits a real one."""
    (tmp_path / "own_engine.py").write_text(
        "from edgekit import inspect, plugin\n"
        "class Module:\n"
        "    @staticmethod\n"
        "    def facts(path):\n"
        "        exec(path.read_text())\n"
        "plugin.load = lambda *_: Module\n"
        "look = inspect.look\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(inspect, "LOOK", "own_engine:look")
    monkeypatch.setattr(Limits, "of_files", lambda _: Limits(memory=3 << 30, seconds=3))
    program, message = CRAFTED[case]
    (tmp_path / "net.tflite").write_text(program)
    with pytest.raises(InputError, match=rf"net\.tflite' .*{message}"):
        inspect.inspect(tmp_path / "net.tflite", Given(), Trust())

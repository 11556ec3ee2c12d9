"""A crafted artifact that crashes an engine, or wants all of the machine, is one line."""

from pathlib import Path

import pytest

from edgekit import inspect
from edgekit.describe import Given
from edgekit.errors import InputError
from edgekit.limits import Limits
from edgekit.sources import Trust

CRAFTED = {
    "crash": ("import os; os.kill(os.getpid(), 11)", "the process crashed .SIGSEGV"),
    "memory": ("bytearray(1 << 32)", "out of memory"),
    "time": ("while True: pass", "the process was stopped after 3 s without progress"),
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
    limits = Limits(memory=3 << 30, seconds=3 if case == "time" else 60)
    monkeypatch.setattr(Limits, "of_artifacts", lambda _: limits)
    program, message = CRAFTED[case]
    (tmp_path / "net.tflite").write_text(program)
    with pytest.raises(InputError, match=rf"net\.tflite' .*{message}"):
        inspect.inspect(tmp_path / "net.tflite", Given(), Trust())

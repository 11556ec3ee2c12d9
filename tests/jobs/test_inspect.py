"""A crafted artifact that crashes an engine, or wants all of the machine, is one line."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from edgekit.errors import InputError
from edgekit.jobs import inspect
from edgekit.machine.limits import Limits
from edgekit.original.describe import Given
from edgekit.sources import Trust

CRAFTED = {
    "crash": ("import os; os.kill(os.getpid(), 11)", "the process crashed .SIGSEGV"),
    "memory": ("bytearray(1 << 32)", "out of memory"),
    "time": ("while True: pass", "the process was stopped after 3 s without progress"),
    "error": ("{}['op']", "is damaged .KeyError: 'op'"),
}


@pytest.mark.parametrize("case", CRAFTED)
@pytest.mark.long
def test_an_artifact_that_does_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """A file that an engine of the test's own obeys stands for one that exploits a real one."""
    (tmp_path / "own_engine.py").write_text(
        "from pathlib import Path\n"
        "from edgekit import plugin\n"
        "from edgekit.jobs import inspect\n"
        "class Module:\n"
        "    @staticmethod\n"
        "    def facts(path):\n"
        "        exec(path.read_text())\n"
        "def look(output: Path, engine: str, files: list[Path], whole: bool):\n"
        "    plugin.part = lambda *_: Module\n"
        "    return inspect.look(output, engine, files, whole)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    own_engine = importlib.import_module("own_engine")
    monkeypatch.delitem(sys.modules, "own_engine")
    monkeypatch.setattr(inspect, "look", own_engine.look)
    limits = Limits(memory=3 << 30, seconds=3 if case == "time" else 60)
    monkeypatch.setattr(Limits, "of_artifacts", lambda _: limits)
    program, message = CRAFTED[case]
    (tmp_path / "net.tflite").write_text(program)
    with pytest.raises(InputError, match=rf"net\.tflite' .*{message}"):
        inspect.inspect(tmp_path / "net.tflite", Given(), Trust())


@pytest.mark.slow
@pytest.mark.parametrize("case", ["time", "memory"])
def test_a_model_that_wants_the_whole_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """A loop without end, and one whose tensor grows."""
    tf = pytest.importorskip("tensorflow")

    def body(x: Any) -> tuple[Any]:
        return (tf.sin(x) if case == "time" else tf.concat([x, x], 1),)

    @tf.function(input_signature=[tf.TensorSpec((1, 8), tf.float32, name="z")])  # type: ignore[untyped-decorator]
    def call(z: Any) -> Any:
        free = (tf.TensorShape((1, None)),)
        (end,) = tf.while_loop(lambda x: x[0, 0] < 9, body, (z,), shape_invariants=free)
        return {"out": tf.reshape(end[:, :64], (1, 8, 8, 1))}

    path = tmp_path / "net"
    tf.saved_model.save(tf.Module(), str(path), signatures=call)
    limits = {"time": Limits(None, 20), "memory": Limits(3 << 30, 600)}[case]
    monkeypatch.setattr(Limits, "of_net", lambda _: limits)
    told = {"time": "was stopped after 20 s without progress", "memory": "out of memory"}[case]
    with pytest.raises(InputError, match=rf"^'{path}' cannot be used: describe: .*{told}"):
        inspect.inspect(path, Given(family="latent"), Trust())

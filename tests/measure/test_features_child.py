"""Features of the user's own are computed in a child: the same numbers, and a crash is one line."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import InputError
from edgekit.machine.limits import Limits
from edgekit.measure.features import BUILT_IN
from edgekit.measure.features_child import features_in_child

ROWS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
OWN = """
import os
print("a module may print")
def mean(x): return x.mean(1)
def crash(x): os.kill(os.getpid(), 11)
def leave(x): os._exit(3)
def broken(x): raise RuntimeError("no net")
def large(x): return x.reshape(len(x), -1)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_net.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return "own_net"


def test_the_same_numbers_again_and_again(module: str) -> None:
    call, name = features_in_child(f"{module}:mean")
    assert name == f"{module}:mean"
    for _ in range(3):
        np.testing.assert_array_equal(call(ROWS), ROWS.mean(1))


def test_more_than_a_pipe_holds(module: str) -> None:
    call, _ = features_in_child(f"{module}:large")
    rows = np.random.default_rng(0).normal(size=(4, 200_000))
    np.testing.assert_array_equal(call(rows), rows)


@pytest.mark.parametrize(
    ("name", "message"),
    [("crash", r"the process crashed \(SIGSEGV\)"), ("leave", "the process ended with 3"),
     ("broken", "RuntimeError: no net")],
)  # fmt: skip
def test_what_goes_wrong_is_one_line(module: str, name: str, message: str) -> None:
    call, _ = features_in_child(f"{module}:{name}")
    with pytest.raises(InputError, match=rf"^--features '{module}:{name}': {message}$"):
        call(ROWS)


def test_what_cannot_be_loaded(module: str, tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    for spec in (f"{module}:nothing", str(tmp_path / "net.tflite")):
        with pytest.raises(InputError, match=r"^--features"):
            features_in_child(spec)


def test_a_net_that_wants_all_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    from openvino import opset13 as ops

    x = ops.parameter([1, 3, 4], np.float32, name="x")
    large = ops.tile(x, np.array([1, 1, 1 << 28], np.int64))
    write(tmp_path, ops.reduce_sum(large, np.array([1, 2]), keep_dims=True), x)
    monkeypatch.setattr(Limits, "of_artifacts", lambda _: Limits(memory=2 << 30, seconds=60))
    with pytest.raises(InputError, match=r"^--features '.*net\.xml': .*[Ff]ailed to allocate"):
        features_in_child(str(tmp_path / "net.xml"))[0](ROWS)


@pytest.mark.slow
def test_a_net_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    import openvino
    from openvino import opset13 as ops

    x, inner = (ops.parameter([1, 3, 4], np.float32, name=name) for name in ("x", "inner"))
    body = openvino.Model([ops.sin(inner), ops.constant(True)], [inner], "body")
    step = body.results[0].input_value(0)
    loop = ops.loop(ops.constant(1 << 62, dtype=np.int64), ops.constant(True))
    loop.set_function(body)
    loop.set_special_body_ports([-1, 1])
    loop.set_merged_input(inner, x.output(0), step)
    write(tmp_path, loop.get_iter_value(step, -1), x)
    monkeypatch.setattr(Limits, "of_artifacts", lambda _: Limits(memory=None, seconds=3))
    call, _ = features_in_child(str(tmp_path / "net.xml"))
    time.sleep(3.2)  # as long as nothing is asked, nothing is late
    with pytest.raises(InputError, match=r"net\.xml': the process was stopped after 3 s without"):
        call(ROWS)


def write(folder: Path, output: Any, x: Any) -> None:
    """A feature net of OpenVINO."""
    import openvino

    openvino.save_model(openvino.Model([output], [x]), folder / "net.xml")


def test_built_in_ones_need_no_child() -> None:
    assert features_in_child(None)[1] == BUILT_IN


def test_the_current_folder_does_not_pass_for_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where Python has it on its path, as `python -m` does."""
    site, folder = tmp_path / "site", tmp_path / "folder"
    site.mkdir()
    folder.mkdir()
    (folder / "org.py").write_text("raise SystemExit('a file of the current folder ran')\n")
    (site / "installed_features.py").write_text(
        "try:\n    import org\nexcept ImportError:\n    org = None\ndef mean(x): return x.mean(1)\n"
    )
    monkeypatch.chdir(folder)
    for place in (site, folder, ""):
        monkeypatch.syspath_prepend(place)
    call, _ = features_in_child("installed_features:mean")
    np.testing.assert_array_equal(call(ROWS), ROWS.mean(1))

"""Rewrites of one-dimensional OpenVINO graphs give what the graph gave, and let it run in int8."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

openvino = pytest.importorskip("openvino")

from openvino import opset13 as ops  # noqa: E402

from edgekit.data import npz  # noqa: E402
from edgekit.engines.openvino import coverage  # noqa: E402
from edgekit.engines.openvino.passes import quantize as quantize_openvino  # noqa: E402
from edgekit.passes._context import Context  # noqa: E402
from tests.rewrites.openvino_graphs import (  # noqa: E402
    check,
    describe,
    kinds,
    model,
    precisions,
    random,
)

Auto = Literal["explicit", "same_upper", "same_lower", "valid"]
RESHAPES = ("Reshape", "Squeeze", "Unsqueeze")


def sequence(*shape: int) -> Any:
    return ops.parameter(list(shape), np.float32)


def with_row(line: Any, *, in_two: bool = False) -> Any:
    """(N, C, W) as a picture of one row; the frontend sometimes takes two steps."""
    if not in_two:
        return ops.unsqueeze(line, np.array([2]))
    n, c, w = line.output(0).shape
    return ops.reshape(ops.unsqueeze(line, np.array([1])), np.array([n, c, 1, w]), False)


def convolved(
    line: Any, outputs: int, taps: int, margin: int = 0, *, in_two: bool = False, **options: Any
) -> Any:
    weights = ops.constant(random(outputs, line.output(0).shape[1], 1, taps))
    row = with_row(line, in_two=in_two)
    layer = ops.convolution(row, weights, [1, options.get("stride", 1)], [0, margin], [0, margin],
                            [1, options.get("dilation", 1)],
                            auto_pad=options.get("auto", "explicit"))  # fmt: skip
    return ops.squeeze(layer, np.array([2]))


def enlarged(line: Any, factor: int, form: str) -> Any:
    """Steps repeated as Keras does, in the forms that the frontend brings them into."""
    n, c, w = line.output(0).shape
    if form == "channels first":  # a new axis between channels and steps, and a transposition
        tiled = ops.tile(ops.unsqueeze(line, np.array([2])), np.array([1, 1, factor, 1]))
        turned = ops.transpose(tiled, np.array([0, 3, 2, 1]))
    else:  # on (N, W, C)
        last = ops.transpose(line, np.array([0, 2, 1]))
        turned = ops.tile(ops.unsqueeze(last, np.array([2])), np.array([1, 1, factor, 1]))
    merged = ops.reshape(turned, np.array([n, w * factor, c]), False)
    return ops.transpose(merged, np.array([0, 2, 1]))


def padded(line: Any, before: int, after: int, mode: str = "constant", value: float = 0) -> Any:
    number = ops.constant(np.float32(value)) if mode == "constant" else None
    return ops.pad(line, [0, 0, before], [0, 0, after], mode, number)


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 7), st.integers(2, 4),
       st.sampled_from(["channels first", "channels last"]))  # fmt: skip
@pytest.mark.long
def test_enlargement_of_a_sequence(
    batch: int, channels: int, steps: int, factor: int, form: str
) -> None:
    line = sequence(batch, channels, steps)
    graph = model(convolved(enlarged(line, factor, form), 2, 3, 1), line)
    (first, *_) = check(graph, "nearest-upsampling", "single-row")
    assert (first.rewrite, first.count) == ("nearest-upsampling", 1)
    found = kinds(graph)
    assert (found["Tile"], found["Interpolate"]) == (0, 1)
    assert found["Transpose"] == (2 if form == "channels last" else 0)  # both on the small one


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 5),
       st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(1, 3), st.integers(1, 3),
       st.sampled_from(["explicit", "same_upper", "same_lower", "valid"]),
       st.booleans(), st.booleans())  # fmt: skip
@example(1, 2, 1, (0, 2), 1, 1, "explicit", False, True)
@example(1, 4, 2, (0, 3), 1, 1, "explicit", False, True)
@pytest.mark.long
def test_padding_before_a_convolution(
    channels: int,
    steps: int,
    taps: int,
    ends: tuple[int, int],
    stride: int,
    dilation: int,
    auto: Auto,
    in_two: bool,
    grouped: bool,
) -> None:
    whole = steps + sum(ends)
    assume(auto.startswith("same") or whole >= (taps - 1) * dilation + 1)
    line = sequence(2, channels, steps)
    wide = padded(line, *ends)
    options: dict[str, Any] = {"stride": stride, "dilation": dilation, "auto": auto}
    if grouped:
        weights = ops.constant(random(channels, 1, 1, 1, taps))
        layer = ops.group_convolution(with_row(wide, in_two=in_two), weights, [1, stride], [0, 0],
                                      [0, 0], [1, dilation], auto_pad=auto)  # fmt: skip
        result = ops.squeeze(layer, np.array([2]))
    else:
        result = convolved(wide, 3, taps, in_two=in_two, **options)
    graph = model(result, line)
    applied = check(graph, "padded-convolution")
    assert kinds(graph)["Pad"] == (0 if applied else 1)
    # Not where a window holds nothing but zeros: OpenVINO computes such ones wrong.
    reach = (taps - 1) * dilation + 1
    if auto in ("explicit", "valid"):
        assert bool(applied) is (max(ends) < reach)
    elif max(ends) >= reach:
        assert not applied


@pytest.mark.parametrize("case", ["not zero", "reflected", "cut", "channels"])
def test_other_padding_stays(case: str) -> None:
    line = sequence(1, 3, 6)
    wide = {
        "not zero": lambda: padded(line, 1, 1, value=1.0),
        "reflected": lambda: padded(line, 1, 1, "reflect"),
        "cut": lambda: padded(line, -1, 1),
        "channels": lambda: ops.pad(line, [0, 1, 1], [0, 0, 1], "constant",
                                    ops.constant(np.float32(0))),
    }[case]()  # fmt: skip
    assert check(model(convolved(wide, 2, 3), line), "padded-convolution") == []


def test_padding_that_something_else_reads_stays_for_that() -> None:
    line = sequence(1, 3, 6)
    wide = padded(line, 2, 0)
    graph = model(ops.add(convolved(wide, 3, 3), convolved(ops.relu(wide), 3, 3)), line)
    assert check(graph, "padded-convolution")
    assert kinds(graph)["Pad"] == 1


BETWEEN: dict[str, Callable[[Any], Any]] = {
    "activation": ops.relu,
    "slope for each channel": lambda x: ops.prelu(x, ops.constant(random(1, 4, 1))),
    "one slope": lambda x: ops.prelu(x, ops.constant(random(1))),
    "slopes by channel alone": lambda x: ops.prelu(x, ops.constant(random(4))),
    "scale for each channel": lambda x: ops.multiply(x, ops.constant(random(4, 1))),
    "bias for each step": lambda x: ops.add(ops.constant(random(7)), x),
    "a table": lambda x: ops.subtract(x, ops.constant(random(1, 4, 7))),
    "gate": lambda x: ops.multiply(ops.tanh(x), ops.sigmoid(x)),
    "residual": lambda x: ops.add(x, ops.relu(convolved(x, 4, 3, 1))),
    "skip": lambda x: ops.concat([x, ops.gelu(x, "erf"), ops.swish(x)], 1),
}


@pytest.mark.parametrize("between", BETWEEN)
def test_the_row_stays_between_two_convolutions(between: str) -> None:
    line = sequence(2, 3, 7)
    inner = BETWEEN[between](convolved(line, 4, 3, 1))
    graph = model(ops.tanh(convolved(inner, 2, 3, 1, in_two=True)), line)
    check(graph, "single-row")
    found = kinds(graph)
    assert sum(found[kind] for kind in RESHAPES) == 2, "the first row added, the last taken away"


@pytest.mark.parametrize("between", [
    lambda x: ops.softmax(x, 2),
    lambda x: ops.concat([x, x], 2),
    lambda x: ops.add(x, ops.reduce_mean(x, np.array([2]), keep_dims=True)),
])  # fmt: skip
def test_what_is_not_alike_with_a_row_stays(between: Callable[[Any], Any]) -> None:
    line = sequence(2, 3, 7)
    graph = model(convolved(between(convolved(line, 4, 3, 1)), 2, 3, 1), line)
    assert check(graph, "single-row") == []


def test_layers_keep_their_names_and_outputs_theirs() -> None:
    """Recipes of mixed precision know layers by their names."""
    line = sequence(1, 3, 8)
    first = convolved(padded(line, 2, 0), 4, 3)
    graph = model(
        ops.relu(convolved(enlarged(ops.relu(first), 2, "channels first"), 4, 3, 1)), line
    )
    layers = [op.get_friendly_name() for op in graph.get_ordered_ops()
              if op.get_type_name() == "Convolution"]  # fmt: skip
    check(graph, *quantize_openvino.PREPARED)
    assert layers == [op.get_friendly_name() for op in graph.get_ordered_ops()
                      if op.get_type_name() == "Convolution"]  # fmt: skip
    assert graph.output(0).get_names() == {"y"}


def generator() -> Any:
    """A sequence convolved behind padding, an enlargement and a skip connection."""
    line = ops.parameter([1, 16, 64], np.float32, name="x")
    line.output(0).set_names({"x"})
    low = ops.relu(convolved(line, 16, 5, 2))
    y = ops.relu(convolved(padded(low, 4, 0), 16, 5))
    y = ops.relu(convolved(enlarged(y, 2, "channels first"), 16, 5, 2))
    y = ops.concat([y, enlarged(low, 2, "channels first")], 1)
    return model(convolved(y, 16, 5, 2), line)


@pytest.mark.long
def test_convolutions_of_a_sequence_run_in_int8(tmp_path: Path) -> None:
    nncf = pytest.importorskip("nncf")
    data = random(1, 16, 64)
    assert "f32" in precisions(nncf.quantize(generator(), nncf.Dataset([data])))
    openvino.save_model(generator(), str(tmp_path / "net.xml"), compress_to_fp16=False)
    npz.write(tmp_path / "calibration.npz", {"net/x": data})
    made = tmp_path / "made"
    made.mkdir()
    ctx = Context(source=tmp_path, output=made, calibration=tmp_path / "calibration.npz")
    described = describe((1, 16, 64), (1, 16, 128), "x")
    path = made / quantize_openvino.run(described, quantize_openvino.Options(), ctx).files["net"]
    assert precisions(openvino.Core().read_model(str(path))) == ["u8"] * 4
    assert not [line for line in coverage.executed(path)[1] if "float32" in line]

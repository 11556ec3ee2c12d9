"""Rewrites of OpenVINO graphs give what the graph gave, whatever the sizes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

openvino = pytest.importorskip("openvino")

from openvino import opset13 as ops  # noqa: E402

from edgekit import plugin  # noqa: E402
from edgekit.data import npz  # noqa: E402
from edgekit.engines._rewriting import until_none_matches  # noqa: E402
from edgekit.engines.openvino import coverage  # noqa: E402
from edgekit.engines.openvino.passes import compact as compact_openvino  # noqa: E402
from edgekit.engines.openvino.passes import quantize as quantize_openvino  # noqa: E402
from edgekit.engines.openvino.passes.rewrite import Options, everywhere, run  # noqa: E402
from edgekit.engines.openvino.rewrites import read_rewrites  # noqa: E402
from edgekit.passes._context import Context  # noqa: E402
from tests.rewrites.openvino_graphs import check, describe, kinds, model, precisions, random  # noqa: E402

Auto = Literal["explicit", "same_upper", "same_lower", "valid"]
sizes = st.tuples(st.integers(1, 5), st.integers(1, 5))
kernels = st.tuples(st.integers(1, 9), st.integers(1, 9))
strides = st.tuples(st.integers(1, 4), st.integers(1, 4))


@given(sizes, kernels, strides,
       st.sampled_from(["explicit", "same_upper", "same_lower", "valid"]),
       st.tuples(*[st.integers(0, 3)] * 4), st.integers(0, 2))  # fmt: skip
@pytest.mark.long
def test_transposed_convolution(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    auto: Auto,
    pads: tuple[int, int, int, int],
    extra: int,
) -> None:
    image = ops.parameter([2, 3, *size], np.float32)
    weights = ops.constant(random(3, 2, *kernel))
    if auto == "explicit":
        whole = [(n - 1) * s + k for n, s, k in zip(size, stride, kernel, strict=True)]
        assume(all(w - a - b > 0 for w, a, b in zip(whole, pads[:2], pads[2:], strict=True)))
        layer = ops.convolution_backprop_data(
            image, weights, list(stride), pads_begin=list(pads[:2]), pads_end=list(pads[2:])
        )
    else:  # what TensorFlow's layers come with: the shape of the output
        shape = [max(n * s - extra, (n - 1) * s + 1) for n, s in zip(size, stride, strict=True)]
        if auto == "valid":
            shape = [(n - 1) * s + k for n, s, k in zip(size, stride, kernel, strict=True)]
        layer = ops.convolution_backprop_data(
            image, weights, list(stride), output_shape=ops.constant(np.array(shape)), auto_pad=auto
        )
    graph = model(ops.relu(layer), image)
    assert check(graph, "transposed-conv")
    assert kinds(graph)["ConvolutionBackpropData"] == 0


@given(sizes, kernels, strides, st.booleans(), st.booleans(),
       st.sampled_from(["explicit", "same_upper", "same_lower", "valid"]))  # fmt: skip
@pytest.mark.long
def test_enlargement_and_the_convolution_after_it(
    size: tuple[int, int],
    kernel: tuple[int, int],
    scale: tuple[int, int],
    last: bool,
    at_once: bool,
    auto: Auto,
) -> None:
    large = [n * s for n, s in zip(size, scale, strict=True)]
    assume(max(scale) > 1)
    assume(auto != "valid" or all(n >= k for n, k in zip(large, kernel, strict=True)))
    image = ops.parameter([1, *size, 3] if last else [1, 3, *size], np.float32)
    repeated = copies(image, (1, 2) if last else (2, 3), scale, at_once=at_once)
    before = kinds(model(repeated, image))["Tile"]
    if last:
        repeated = ops.transpose(repeated, np.array([0, 3, 1, 2]))
    pads = [k // 2 for k in kernel]
    weights = ops.constant(random(2, 3, *kernel))
    layer = ops.convolution(repeated, weights, [1, 1], pads, pads, [1, 1], auto_pad=auto)
    graph = model(ops.relu(layer), image)
    (applied, *more) = check(graph, "nearest-upsampling", "upsampled-convolution")
    assert applied.rewrite == "nearest-upsampling"
    assert applied.before["Tile"] == before
    assert kinds(graph)["Tile"] == 0
    taps = [(s + k - 2) // s + 1 for s, k in zip(scale, kernel, strict=True)]
    fewer = taps[0] * taps[1] < kernel[0] * kernel[1]  # products
    assert [each.rewrite for each in more] == ["upsampled-convolution"] * fewer
    assert kinds(graph)["Interpolate"] == (0 if fewer else 1)


def copies(image: Any, axes: tuple[int, int], scale: tuple[int, int], *, at_once: bool) -> Any:
    """Rows and columns repeated as Keras does, in turn, or with two new axes at once."""
    shape = list(image.output(0).shape)
    if at_once:
        split, times = [], []
        for axis, size in enumerate(shape):
            split += [size, 1] if axis in axes else [size]
            times += [1, scale[axes.index(axis)]] if axis in axes else [1]
        spread = ops.reshape(image, np.array(split), False)
        whole = [n * scale[axes.index(k)] if k in axes else n for k, n in enumerate(shape)]
        return ops.reshape(ops.tile(spread, np.array(times)), np.array(whole), False)
    for axis, count in zip(axes, scale, strict=True):
        times = [count if k == axis + 1 else 1 for k in range(5)]
        tiled = ops.tile(ops.unsqueeze(image, np.array([axis + 1])), np.array(times))
        shape[axis] *= count
        image = ops.reshape(tiled, np.array(shape), False)
    return image


def test_other_copies_stay() -> None:
    image = ops.parameter([1, 2, 3, 4], np.float32)
    tiled = ops.tile(ops.unsqueeze(image, np.array([2])), np.array([1, 1, 2, 1, 1]))
    wrapped = ops.reshape(tiled, np.array([1, 4, 4, 3]), False)  # not its rows: a mixture
    assert check(model(wrapped, image), "nearest-upsampling") == []


def test_a_stage_that_something_else_reads_stays_beside_the_whole() -> None:
    image = ops.parameter([1, 2, 3, 4], np.float32)
    rows = copies(image, (1, 2), (2, 1), at_once=True)
    both = copies(rows, (1, 2), (1, 2), at_once=True)
    other = ops.reduce_mean(rows, np.array([1, 2]), keep_dims=True)
    graph = model(ops.add(ops.transpose(both, np.array([0, 3, 1, 2])),
                          ops.transpose(other, np.array([0, 3, 1, 2]))), image)  # fmt: skip
    assert check(graph, "nearest-upsampling")
    assert kinds(graph)["Interpolate"] == 2


@pytest.mark.parametrize("case", ["free size", "padded"])
def test_an_interpolation_that_is_no_enlargement_stays(case: str) -> None:
    image = ops.parameter([1, 3, -1, -1] if case == "free size" else [1, 3, 4, 4], np.float32)
    margins = [0, 0, 1, 1] if case == "padded" else [0, 0, 0, 0]
    large = ops.interpolate(image, np.array([8, 8]), axes=np.array([2, 3]), mode="nearest",
                            shape_calculation_mode="sizes", pads_begin=margins, pads_end=margins,
                            coordinate_transformation_mode="asymmetric",
                            nearest_mode="floor")  # fmt: skip
    layer = ops.convolution(large, ops.constant(random(2, 3, 5, 5)), [1, 1], [2, 2], [2, 2], [1, 1])
    graph = model(layer, image)
    modules = {"it": plugin.load("engines.openvino.rewrites", "upsampled-convolution")}
    assert until_none_matches(modules, partial(everywhere, graph)) == []


def test_every_rewrite_is_tried() -> None:
    """Here each has a test of what it gives; what is not among the options never runs."""
    assert set(Options().rewrites) == set(plugin.names("engines.openvino.rewrites"))


def enlarging() -> Any:
    """A net that enlarges its input and convolves it."""
    image = ops.parameter([1, 8, 8, 16], np.float32, name="image")
    image.output(0).set_names({"image"})
    large = copies(ops.relu(image), (1, 2), (2, 2), at_once=False)
    turned = ops.transpose(large, np.array([0, 3, 1, 2]))
    weights = ops.constant(random(16, 16, 3, 3))
    layer = ops.convolution(turned, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    return model(ops.relu(layer), image)


def test_the_convolution_behind_an_enlargement_runs_in_int8(tmp_path: Path) -> None:
    nncf = pytest.importorskip("nncf")
    data = random(1, 8, 8, 16)
    plain = nncf.quantize(enlarging(), nncf.Dataset([data]))
    assert precisions(plain) == ["f32"]
    openvino.save_model(plain, str(tmp_path / "plain.xml"))
    _, told = coverage.executed(tmp_path / "plain.xml")
    assert "1 × Convolution: computed in float32 in an int8 graph" in told
    openvino.save_model(enlarging(), str(tmp_path / "net.xml"), compress_to_fp16=False)
    npz.write(tmp_path / "calibration.npz", {"net/image": data})
    described = describe((1, 8, 8, 16), (1, 16, 16, 16))
    made = tmp_path / "made"
    made.mkdir()
    ctx = Context(source=tmp_path, output=made, calibration=tmp_path / "calibration.npz")
    path = made / quantize_openvino.run(described, quantize_openvino.Options(), ctx).files["net"]
    assert precisions(openvino.Core().read_model(str(path))) == ["u8"]
    assert not [line for line in coverage.executed(path)[1] if "Convolution" in line]
    (noted,) = read_rewrites(path)
    assert noted["rewrite"] == "nearest-upsampling"


def test_what_was_done_is_noted_and_stays_in_a_compact_file(tmp_path: Path) -> None:
    image = ops.parameter([1, 3, 4, 4], np.float32, name="image")
    layer = ops.convolution_backprop_data(image, ops.constant(random(3, 1, 9, 9)), [3, 3])
    source, made = tmp_path / "source", tmp_path / "made"
    source.mkdir()
    made.mkdir()
    openvino.save_model(model(layer, image), str(source / "net.xml"), compress_to_fp16=False)
    described = describe((1, 3, 4, 4), (1, 1, 18, 18))
    result = run(described, Options(), Context(source=source, output=made))
    path = made / result.files["net"]
    path.write_text(compact_openvino.compacted(path.read_text()))
    (noted,) = read_rewrites(path)
    assert (noted["rewrite"], noted["count"]) == ("transposed-conv", 1)
    assert noted["before"] == {"ConvolutionBackpropData": 1}
    assert read_rewrites(source / "net.xml") == []
    both = tmp_path / "both"
    both.mkdir()
    run(described, Options(), Context(source=made, output=both))  # nothing more: the note stays
    assert read_rewrites(both / "net.xml") == [noted]
    nothing = Options(rewrites=("nearest-upsampling",))
    run(described, nothing, Context(source=source, output=made))
    assert path.read_bytes() == (source / "net.xml").read_bytes()

"""How long graphs of thousands of ops take: `python -m tests.benchmarks.large_graphs [OPS …]`.

For each engine, graphs of so many ops that have something for every rewrite: seconds of each
rewrite alone, of the whole default list, and of what else reads and writes such files.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ov

from edgekit import plugin
from edgekit.engines.litert import coverage as litert_coverage
from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.file import computed_convolutions, parse, read_graph
from edgekit.engines.litert.pack import packed
from edgekit.engines.litert.passes import compact as litert_compact
from edgekit.engines.litert.passes import rewrite as litert
from edgekit.engines.litert.rewrites._build import Build
from edgekit.engines.openvino import coverage as openvino_coverage
from edgekit.engines.openvino import graph as openvino_graph
from edgekit.engines.openvino.passes import compact as openvino_compact
from edgekit.engines.openvino.passes import rewrite as openvino_rewrite
from edgekit.engines.openvino.rewrites.nearest_upsampling import NEAREST
from tests.tiny import tanh_file

SIZES = (1250, 2500, 5000)
IMAGE = (1, 8, 8, 4)
Timed = Iterator[tuple[str, Callable[[], Any]]]


def weights(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32) / 16


def litert_file(path: Path, ops: int) -> Path:
    """A chain of blocks between an image and one of the same size."""
    path.write_bytes(tanh_file(IMAGE))
    graph = Editor(path)
    (last,) = graph.ops()
    build, tensor = Build(graph, last), int(last.inputs[0])
    while len(build.ops) < ops:
        tensor = litert_block(build, tensor)
    build.op("TANH", [tensor], IMAGE, version=1)
    build.finish()
    graph.save(path)
    return path


def litert_block(build: Build, x: int) -> int:
    """What each rewrite of the default list looks for, in turn."""

    def conv(a: int, filters: int, kernel: int, stride: int = 1, padding: str = "SAME") -> int:
        batch, rows, columns, channels = build.graph.shape(a)
        cut = kernel - 1 if padding == "VALID" else 0
        return build.op(
            "CONV_2D",
            [a, build.constant(weights(filters, kernel, kernel, channels)),
             build.constant(weights(filters))],
            (batch, (rows - cut) // stride, (columns - cut) // stride, filters),
            "Conv2DOptions",
            padding=getattr(build.graph.schema.Padding, padding),
            strideH=stride, strideW=stride, dilationHFactor=1, dilationWFactor=1,
        )  # fmt: skip

    def transposed(a: int, rows: int, stride: int, padding: str) -> int:
        shape, kernel = (1, rows, rows, 4), 4 if padding == "SAME" else rows
        inputs = [build.whole(shape), build.constant(weights(4, kernel, kernel, 4)), a]
        return build.op(
            "TRANSPOSE_CONV", inputs, shape, "TransposeConvOptions", 1, like=a,
            padding=getattr(build.graph.schema.Padding, padding), strideH=stride, strideW=stride,
        )  # fmt: skip

    def enlarged(a: int) -> int:
        inputs = [a, build.whole((16, 16))]
        return build.op(
            "RESIZE_NEAREST_NEIGHBOR", inputs, (1, 16, 16, 4), "ResizeNearestNeighborOptions"
        )

    mean = build.mean(x, (1, 2))
    squares = build.op("SQUARED_DIFFERENCE", [x, mean], IMAGE, "SquaredDifferenceOptions")
    shifted = build.binary(
        "ADD", build.mean(squares, (1, 2)), build.constant(np.array([1e-3], np.float32))
    )
    scale = build.op("RSQRT", [shifted], (1, 1, 1, 4))
    y = build.binary("MUL", build.binary("SUB", x, mean), scale)
    y = build.binary("MUL", conv(y, 4, 1), build.constant(weights(4)))
    y = build.binary("ADD", y, build.constant(weights(4)))
    margins = build.constant(np.array([(0, 0), (1, 1), (1, 1), (0, 0)], np.int32))
    y = build.op("MIRROR_PAD", [y, margins], (1, 10, 10, 4), "MirrorPadOptions")
    y = conv(y, 4, 3, padding="VALID")
    y = conv(conv(enlarged(y), 4, 3), 4, 3, 2)
    y = conv(build.op("TANH", [enlarged(y)], (1, 16, 16, 4), version=1), 4, 3, 2)
    y = transposed(conv(y, 4, 8, padding="VALID"), 8, 1, "VALID")
    y = conv(transposed(y, 16, 2, "SAME"), 4, 3, 2)
    apart = build.reshape(conv(y, 16, 1), (1, 8, 8, 4, 2, 2))
    y = build.reshape(build.transpose(apart, (0, 1, 4, 2, 5, 3)), (1, 16, 16, 4))
    y = build.interleave(conv(conv(y, 4, 3, 2), 16, 1), (2, 2))
    there = build.transpose(conv(y, 4, 3, 2), (0, 3, 1, 2))
    return build.binary("ADD", build.transpose(there, (0, 2, 3, 1)), x)


def litert_steps(folder: Path, ops: int) -> Timed:
    """What the passes for LiteRT do with such a file."""
    path, names = litert_file(folder / "net.tflite", ops), litert.Options().rewrites
    modules = {name: plugin.load("engines.litert.rewrites", name) for name in names}

    def rewritten(some: dict[str, ModuleType]) -> None:
        assert litert.rewrite(Editor(path), some)

    def compacted() -> None:
        model = parse(path)
        litert_compact.strip(model)
        packed(model, share=True)

    yield "read and written", lambda: Editor(path).save(folder / "again.tflite")
    for name, module in modules.items():
        yield name, partial(rewritten, {name: module})
    yield "all rewrites", partial(rewritten, modules)
    yield "compact", compacted
    yield "graph read", partial(read_graph, path)
    yield "convolutions", partial(computed_convolutions, path)
    yield "coverage", partial(litert_coverage.executed, path)


def openvino_model(ops: int) -> Any:
    """A chain of blocks between a sequence and one of the same size."""
    sequence = ov.parameter([1, 4, 16], np.float32)
    y: Any = sequence
    for _ in range(ops // 20):
        y = openvino_block(y)
    y.output(0).set_names({"y"})
    return openvino.Model([y], [sequence])


def openvino_block(x: Any) -> Any:
    """What each rewrite looks for, in turn."""

    def conv(a: Any, kernel: tuple[int, int], stride: int = 1) -> Any:
        margins = [size // 2 for size in kernel]
        return ov.convolution(
            a, ov.constant(weights(4, 4, *kernel)), [1, stride], margins, margins, [1, 1]
        )

    wide = ov.pad(
        x, np.array([0, 0, 2]), np.array([0, 0, 0]), "constant", ov.constant(np.float32(0))
    )
    filters = ov.constant(weights(4, 4, 1, 3))
    row = ov.convolution(ov.unsqueeze(wide, np.array([2])), filters, [1, 1], [0, 0], [0, 0], [1, 1])
    y = ov.relu(ov.squeeze(row, np.array([2])))
    tiled = ov.tile(ov.unsqueeze(y, np.array([3])), np.array([1, 1, 1, 2]))
    y = ov.unsqueeze(ov.reshape(tiled, np.array([1, 4, 32]), False), np.array([2]))
    y = ov.interpolate(conv(y, (1, 3), 2), np.array([32]), axes=np.array([3]), **NEAREST)
    y = conv(conv(y, (1, 3)), (1, 3), 2)
    kernel = ov.constant(weights(4, 4, 1, 4))
    y = ov.convolution_backprop_data(y, kernel, [1, 2], pads_begin=[0, 1], pads_end=[0, 1])
    y = ov.squeeze(conv(y, (1, 3), 2), np.array([2]))
    return ov.add(ov.tanh(y), x)


def openvino_steps(folder: Path, ops: int) -> Timed:
    """What the passes for OpenVINO do with such a file."""
    path = folder / "net.xml"
    openvino.save_model(openvino_model(ops), path, compress_to_fp16=False)

    def read() -> Any:
        return openvino.Core().read_model(path)

    def rewritten(names: tuple[str, ...]) -> None:
        assert openvino_rewrite.rewrite(read(), names)

    def saved() -> None:
        graph = read()
        layers = list(openvino_graph.weighted_layers(graph))
        openvino_graph.all_but(graph, layers)
        openvino_graph.save_quantized(graph, folder / "saved.xml")

    names = openvino_rewrite.Options().rewrites
    yield "read", read
    for name in names:
        yield name, partial(rewritten, (name,))
    yield "all rewrites", partial(rewritten, names)
    yield "layers, saved", saved
    yield "compact", lambda: openvino_compact.compacted(path.read_text())
    yield "coverage", partial(openvino_coverage.executed, path)


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main(sizes: tuple[int, ...]) -> None:
    """Print a table for each engine: a row for each step, a column for each size."""
    for engine, steps in (("litert", litert_steps), ("openvino", openvino_steps)):
        print(f"{engine:26}" + "".join(f"{ops:>9} ops" for ops in sizes))
        with tempfile.TemporaryDirectory() as scratch:
            folders = [Path(scratch) / str(ops) for ops in sizes]
            for folder in folders:
                folder.mkdir()
            columns = [steps(folder, ops) for folder, ops in zip(folders, sizes, strict=True)]
            for row in zip(*columns, strict=True):
                times = "".join(f"{seconds(call):11.2f} s" for _, call in row)
                print(f"{row[0][0]:26}{times}", flush=True)


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)

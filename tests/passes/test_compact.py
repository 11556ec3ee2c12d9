"""Compact artifacts compute the same, to the last bit, and keep what the outside sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.engines.litert.file import parse
from edgekit.engines.litert.pack import packed
from edgekit.engines.litert.passes import compact as compact_litert
from edgekit.engines.litert.runtime import interpreter_class
from edgekit.engines.openvino.passes import compact as compact_openvino
from tests.rewrites.graphs import keras, lowered, outputs


@pytest.mark.parametrize("int8", [False, True])
def test_a_compact_litert_file_gives_the_same_bits(tmp_path: Path, int8: bool) -> None:
    keras.utils.set_random_seed(3)
    net = keras.Sequential(
        [
            keras.Input((6, 6, 8), batch_size=1),
            *(keras.layers.Conv2D(8, 3, padding="same", activation="relu") for _ in range(6)),
        ]
    )
    path = lowered(net, tmp_path, int8=int8)
    graph = parse(path)
    compact_litert.strip(graph)
    small = tmp_path / "small.tflite"
    small.write_bytes(packed(graph, share=True))
    random = np.random.default_rng(0)
    x = random.integers(-128, 128, (1, 6, 6, 8)).astype(np.int8 if int8 else np.float32)
    assert np.array_equal(outputs(small, x), outputs(path, x))
    assert small.stat().st_size < 0.95 * path.stat().st_size
    names = [interpreter_class()(model_path=str(p)).get_signature_list() for p in (path, small)]
    assert names[0] == names[1]


def test_equal_weights_are_stored_once(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    net = keras.Sequential(
        [
            keras.Input((16,), batch_size=1),
            *(keras.layers.Dense(16, kernel_initializer="ones", activation="relu") for _ in "abc"),
        ]
    )
    graph = parse(lowered(net, tmp_path))
    compact_litert.strip(graph)
    large = [b for b in graph.buffers if b.data is not None and len(b.data) == 16 * 16 * 4]
    assert len(large) == 1


def test_a_compact_ir_gives_the_same_bits_and_names(tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    from openvino import opset13 as ops

    weights = np.random.default_rng(1).standard_normal((4, 3, 3, 3)).astype(np.float32)
    image = ops.parameter([1, 3, 5, 7], np.float32, name="a long name for the picture")
    image.output(0).set_names({"image"})
    convolved = ops.convolution(image, ops.constant(weights), [1, 1], [1, 1], [1, 1], [1, 1])
    first, second = ops.split(ops.relu(convolved), 1, 2).outputs()
    result = ops.add(ops.multiply(first, second), first)
    result.output(0).set_names({"sample"})
    path, small = tmp_path / "net.xml", tmp_path / "small.xml"
    openvino.save_model(openvino.Model([result], [image]), str(path), compress_to_fp16=False)
    small.write_text(compact_openvino.compacted(path.read_text()))
    small.with_suffix(".bin").write_bytes(path.with_suffix(".bin").read_bytes())
    x = np.random.default_rng(0).standard_normal((1, 3, 5, 7)).astype(np.float32)
    found = []
    for file in (path, small):
        compiled = openvino.Core().compile_model(str(file), "CPU")
        found.append(compiled({"image": x})["sample"])
        assert compiled.output(0).get_any_name() == "sample"
    assert np.array_equal(*found)
    assert small.stat().st_size < 0.7 * path.stat().st_size

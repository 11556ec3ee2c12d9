"""Lower a Keras net, rewrite its graph, run it."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from edgekit.litert_edit import Editor  # noqa: E402
from edgekit.passes.rewrite_litert import rewrite  # noqa: E402
from edgekit.runtime.engines.litert import interpreter_class  # noqa: E402


def lowered(net: Any, folder: Path, *, int8: bool = False) -> Path:
    """The net as a .tflite file; int8 is TensorFlow's static quantization."""
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    if int8:
        random = np.random.default_rng(1)
        shape = net.inputs[0].shape
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        converter.representative_dataset = lambda: (
            [random.standard_normal(shape).astype(np.float32)] for _ in range(8)
        )
    path = folder / "net.tflite"
    path.write_bytes(converter.convert())
    return path


def rewritten(path: Path, *modules: ModuleType) -> tuple[Path, int]:
    """The graph with rewrites applied wherever they match, and how often they did."""
    graph = Editor(path)
    applied = rewrite(graph, {module.__name__: module for module in modules})
    graph.save(path.with_name("rewritten.tflite"))
    return path.with_name("rewritten.tflite"), sum(entry.count for entry in applied)


def outputs(path: Path, x: Any) -> Any:
    interpreter = interpreter_class()(model_path=str(path))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

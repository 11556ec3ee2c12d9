"""Lower a Keras net, rewrite its graph, run it."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import pytest

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})
keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from edgekit.data import npz  # noqa: E402
from edgekit.engines.litert import runtime as litert  # noqa: E402
from edgekit.engines.litert.edit import Editor  # noqa: E402
from edgekit.engines.litert.passes.quantize import Options, Rule, quantize  # noqa: E402
from edgekit.engines.litert.passes.rewrite import rewrite  # noqa: E402
from edgekit.model import Model, Signature, Tensor  # noqa: E402
from edgekit.passes._context import Context  # noqa: E402


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


def quantized(path: Path, mode: Literal["dynamic", "static"], *more: Rule) -> Path:
    """The file after litert-quantizer in 8 bits, calibrated on noise; `more` rules follow."""
    entry = litert.describe(path).inputs[0]
    signature = Signature(part="net", inputs=(Tensor(name=input_name(path), shape=entry.shape),),
                          outputs=())  # fmt: skip
    model = Model(kind="tflite", family="latent", signatures={"net": signature},
                  files={"net": path.name})  # fmt: skip
    rows = (
        np.random.default_rng(0)
        .standard_normal((4, *(int(n or 1) for n in entry.shape[1:])))
        .astype(np.float32)
    )
    calibration = path.with_name("calibration.npz")
    npz.write(calibration, {f"net/{signature.inputs[0].name}": rows})
    ctx = Context(source=path.parent, output=path.parent, calibration=calibration)
    with contextlib.redirect_stdout(io.StringIO()):
        content = quantize("net", signature, model, Options(rules=(Rule(mode=mode), *more)), ctx)
    target = path.with_name(f"{path.stem}.{mode}.tflite")
    target.write_bytes(content)
    return target


def input_name(path: Path) -> str:
    """The name of the signature's input."""
    interpreter = litert.open_interpreter(path, 1)
    return str(interpreter.get_signature_list()["serving_default"]["inputs"][0])


def outputs(path: Path, x: Any) -> Any:
    interpreter = litert.interpreter_class()(model_path=str(path))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

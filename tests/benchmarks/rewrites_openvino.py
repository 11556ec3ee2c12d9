"""What rewrites pay for sequences on OpenVINO.

`python -m tests.benchmarks.rewrites_openvino [NET …]`: for each net, in float32 and int8, on one
thread, the time with the rewrites that static int8 always has over that without, measured in turns,
with its 95 % interval, and how many convolutions run in int8, before and after.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})

import keras
import nncf
import numpy as np
import openvino
from keras import layers as L  # noqa: N812

from edgekit.engines.openvino.coverage import info
from edgekit.engines.openvino.passes.quantize import PREPARED
from edgekit.engines.openvino.passes.rewrite import rewrite
from edgekit.engines.openvino.runtime import CONFIG
from edgekit.measure.latency import Latency, interleaved

SECONDS = 1.5  # of measuring, for each pair
LENGTH = 1024


def block(x: Any, filters: int, padding: str = "same") -> Any:
    y = L.Conv1D(filters, 5, padding=padding)(x)
    return L.LeakyReLU()(L.BatchNormalization()(y))


def u_net() -> Any:
    x = keras.Input((LENGTH, 1), name="x")
    y, skips = x, []
    for filters in (32, 64, 128):
        y = block(y, filters)
        skips.append(y)
        y = L.ReLU()(L.Conv1D(filters, 4, strides=2, padding="same")(y))
    for filters, skip in zip((128, 64, 32), skips[::-1], strict=True):
        y = block(L.Concatenate()([block(L.UpSampling1D(2)(y), filters), skip]), filters)
    return keras.Model(x, L.Conv1D(1, 5, padding="same", activation="tanh")(y))


def upsampling() -> Any:
    x = keras.Input((LENGTH // 8, 64), name="x")
    y = x
    for filters in (64, 48, 32):
        y = block(L.UpSampling1D(2)(y), filters)
    return keras.Model(x, L.Conv1D(1, 5, padding="same")(y))


def causal() -> Any:
    x = keras.Input((LENGTH, 1), name="x")
    y = block(x, 32, "causal")
    for _ in range(4):
        y = L.Add()([y, block(y, 32, "causal")])
    return keras.Model(x, L.Conv1D(1, 1)(y))


NETS: dict[str, Callable[[], Any]] = {
    "1-D U-Net": u_net,
    "UpSampling1D": upsampling,
    "causal": causal,
}


def lowered(net: Any, folder: Path) -> Any:
    """The net as an OpenVINO graph of batch 1."""
    spec = keras.InputSpec(shape=(1, *net.input.shape[1:]), dtype="float32", name="x")
    with contextlib.redirect_stdout(io.StringIO()):
        net.export(str(folder), verbose=False, input_signature=[spec])
    openvino.save_model(openvino.convert_model(str(folder)), folder / "net.xml", False)
    return openvino.Core().read_model(folder / "net.xml")


def quantized(graph: Any, rows: Any) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return nncf.quantize(graph, nncf.Dataset(list(rows)), subset_size=len(rows))


def loaded(graph: Any) -> Any:
    config = CONFIG | {"INFERENCE_NUM_THREADS": 1}
    return openvino.Core().compile_model(graph, "CPU", config)


def measured(nets: list[Any], row: Any) -> Latency:
    """The second net's time, with its ratio to the first's."""
    requests = [net.create_infer_request() for net in nets]
    return interleaved([partial(request.infer, [row]) for request in requests], SECONDS)[1]


def in_int8(net: Any) -> str:
    """How many convolutions of a net run in int8."""
    ops = net.get_runtime_model().get_ops()
    computed = [
        info(op, "runtimePrecision") for op in ops if info(op, "layerType") == "Convolution"
    ]
    return f"{sum(precision != 'f32' for precision in computed)}/{len(computed)}"


def rows(wanted: list[str]) -> Iterator[str]:
    """The table, line by line."""
    yield f"{'net':16}{'':10}{'× plain':>8}  {'interval':13}{'convolutions in int8':>22}"
    for title, make in NETS.items():
        if wanted and title not in wanted:
            continue
        keras.utils.set_random_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            plain = lowered(make(), Path(folder))
            shape = (8, *plain.input(0).shape)
            data = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
            changed = plain.clone()
            if not rewrite(changed, PREPARED):
                raise SystemExit(f"no rewrite matches '{title}'")
            for label in ("float32", "int8"):
                pair = [plain, changed]
                if label == "int8":
                    pair = [quantized(graph, data) for graph in pair]
                nets = [loaded(graph) for graph in pair]
                latency = measured(nets, data[0])
                yield (
                    f"{title:16}{label:10}{latency.ratio:8.2f}  "
                    f"{latency.ratio_low:.2f}…{latency.ratio_high:.2f}  "
                    f"{' → '.join(map(in_int8, nets)):>22}"
                )


if __name__ == "__main__":
    nncf.set_log_level(logging.ERROR)
    for line in rows(sys.argv[1:]):
        print(line, flush=True)

"""What each rewrite pays on LiteRT's CPU engine: `python -m tests.benchmarks.rewrites [NAME …]`.

For each rewrite a tiny net that has what it looks for, in float32, dynamic int8 and static int8,
on one thread: the time of the rewritten net over that of the plain one, measured in turns, with its
95 % interval, and the share of ops that XNNPACK takes, before and after. `all` is the default list
of the pass on whole generators.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"})

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L  # noqa: N812
from keras import ops as K  # noqa: N812

from edgekit import plugin
from edgekit.device import Device
from edgekit.engines.litert import runtime as litert
from edgekit.engines.litert.coverage import executed
from edgekit.engines.litert.edit import Editor
from edgekit.engines.litert.passes.rewrite import Options, rewrite
from edgekit.measure.latency import Latency, interleaved
from tests.rewrites.graphs import quantized

SECONDS = 1.2  # of measuring, for each pair
MODES: dict[str, Literal["dynamic", "static"] | None] = {
    "float32": None,
    "int8-dynamic": "dynamic",
    "int8": "static",
}
SIZE, CHANNELS = 32, 32


def conv(x: Any, filters: int = CHANNELS, kernel: int = 3, padding: str = "same") -> Any:
    return L.Conv2D(filters, kernel, padding=padding)(x)


def reflected(x: Any, margin: int) -> Any:
    sides = (margin, margin)
    return K.pad(x, ((0, 0), sides, sides, (0, 0)), mode="reflect")


def torch_shuffle(x: Any) -> Any:
    n, h, w, c = x.shape
    y = K.transpose(K.reshape(x, (n, h, w, c // 4, 2, 2)), (0, 1, 4, 2, 5, 3))
    return K.reshape(y, (n, h * 2, w * 2, c // 4))


def instance_norm(x: Any) -> Any:
    def call(t: Any) -> Any:
        mean, variance = tf.nn.moments(t, [1, 2], keepdims=True)
        return (t - mean) * tf.math.rsqrt(variance + 1e-5)

    return L.Lambda(call)(x)


def between(middle: Callable[[Any], Any]) -> Callable[[], Any]:
    """A net with something between two convolutions."""

    def net() -> Any:
        x = keras.Input((SIZE, SIZE, CHANNELS), batch_size=1)
        return keras.Model(x, conv(middle(conv(x))))

    return net


def dcgan() -> Any:
    x = keras.Input((64,), batch_size=1)
    y = L.LeakyReLU()(L.BatchNormalization()(L.Reshape((7, 7, 64))(L.Dense(7 * 7 * 64)(x))))
    for filters in (32, 16):
        y = L.Conv2DTranspose(filters, 4, 2, "same", use_bias=False)(y)
        y = L.LeakyReLU()(L.BatchNormalization()(y))
    return keras.Model(x, conv(y, 1))


def cyclegan() -> Any:
    x = keras.Input((48, 48, 3), batch_size=1)
    y = K.relu(instance_norm(conv(reflected(x, 3), 16, 7, "valid")))
    for _ in range(2):
        z = K.relu(instance_norm(conv(reflected(y, 1), 16, 3, "valid")))
        y = y + instance_norm(conv(reflected(z, 1), 16, 3, "valid"))
    y = conv(L.UpSampling2D()(y), 16)
    return keras.Model(x, K.tanh(conv(reflected(y, 3), 3, 7, "valid")))


def behind_latent(size: int, layer: Any) -> Callable[[], Any]:
    """A layer on an image of so many pixels a side."""

    def net() -> Any:
        x = keras.Input((size, size, 64), batch_size=1)
        return keras.Model(x, layer()(x))

    return net


def folded() -> Any:
    x = keras.Input((64,), batch_size=1)
    y = L.BatchNormalization()(L.Reshape((16, 16, CHANNELS))(L.Dense(256 * CHANNELS)(x)))
    return keras.Model(x, conv(L.ReLU()(y)))


NETS: dict[str, tuple[str, Callable[[], Any]]] = {
    "instance normalization, moments": ("normalization", between(instance_norm)),
    "GroupNormalization(-1)": ("normalization", between(L.GroupNormalization(-1))),
    "GroupNormalization(8)": ("normalization", between(L.GroupNormalization(8))),
    "LayerNormalization": ("normalization", between(L.LayerNormalization())),
    "RMSNormalization": ("squares", between(L.RMSNormalization())),
    "dense, reshape, batch normalization": ("scale-folding", folded),
    "reflection by 1": ("reflection-padding", between(lambda x: reflected(x, 1))),
    "reflection by 3": ("reflection-padding", between(lambda x: reflected(x, 3))),
    "UpSampling2D, conv 3×3": ("upsampled-convolution", between(L.UpSampling2D())),
    "UpSampling2D": ("nearest-upsampling", between(L.UpSampling2D())),
    "image.resize, nearest": (
        "nearest-upsampling",
        between(lambda x: K.image.resize(x, (2 * SIZE, 2 * SIZE), interpolation="nearest")),
    ),
    "transposed conv 4×4": (
        "transposed-conv",
        behind_latent(16, lambda: L.Conv2DTranspose(32, 4, 2, "same")),
    ),
    "transposed conv on a pixel": (
        "transposed-conv-to-dense",
        behind_latent(1, lambda: L.Conv2DTranspose(64, 4)),
    ),
    "shuffle in PyTorch's order": ("pixel-shuffle", between(torch_shuffle)),
    "depth to space": (
        "depth-to-space",
        between(L.Lambda(lambda t: tf.nn.depth_to_space(t, 2))),
    ),
    "DCGAN": ("all", dcgan),
    "CycleGAN": ("all", cyclegan),
}


def lowered(net: Any, path: Path) -> Path:
    """The net in float, with weights that folding cannot leave out."""
    for weight in net.weights:
        if weight.path.split("/")[-1] in ("gamma", "beta", "moving_mean", "moving_variance"):
            weight.assign(np.linspace(0.5, 1.5, int(np.prod(weight.shape))).reshape(weight.shape))
    with contextlib.redirect_stdout(io.StringIO()):
        path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(net).convert())
    return path


def rewritten(path: Path, name: str) -> Path:
    """The file after one rewrite, or after all of the default list."""
    names = Options().rewrites if name == "all" else (name,)
    graph = Editor(path)
    if not rewrite(graph, {each: plugin.load("engines.litert.rewrites", each) for each in names}):
        raise SystemExit(f"'{name}' does not match its net")
    graph.save(path.with_name("rewritten.tflite"))
    return path.with_name("rewritten.tflite")


def measured(paths: list[Path]) -> Latency:
    """The second file's time, with its ratio to the first's."""
    signature = litert.describe(paths[0])
    shape = [n or 1 for n in signature.inputs[0].shape]
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    calls = [litert.load(path, signature, Device()) for path in paths]
    return interleaved([partial(call, [x]) for call in calls], SECONDS)[1]


def taken(path: Path) -> str:
    """How many of a file's ops XNNPACK takes."""
    work, _ = executed(path)
    return f"{sum(op.fast for op in work)}/{len(work)}"


def rows(wanted: list[str]) -> Iterator[str]:
    """The table, line by line."""
    yield f"{'rewrite':26}{'net':36}{'':14}{'× plain':>8}  {'interval':13}{'XNNPACK':>18}"
    for title, (name, make) in NETS.items():
        if wanted and name not in wanted:
            continue
        keras.utils.set_random_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            plain = lowered(make(), Path(folder) / "plain.tflite")
            pair = [plain, rewritten(plain, name)]
            for label, mode in MODES.items():
                files = [quantized(path, mode) if mode else path for path in pair]
                shares = [taken(path) for path in files]
                latency = measured(files)
                yield (
                    f"{name:26}{title:36}{label:14}{latency.ratio:8.2f}  "
                    f"{latency.ratio_low:.2f}…{latency.ratio_high:.2f}  {' → '.join(shares):>18}"
                )


if __name__ == "__main__":
    for line in rows(sys.argv[1:]):
        print(line, flush=True)

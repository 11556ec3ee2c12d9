"""Features for distances between distributions: built-in without download, or the user's net."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from edgekit.data.layout import channels_last
from edgekit.data.rng import Random
from edgekit.engines._formats import engine_of
from edgekit.errors import EngineError, InputError, one_line
from edgekit.files.paths import check_plain
from edgekit.machine.limits import progress
from edgekit.own_modules import check_module, import_own

Array = NDArray[Any]
Features = Callable[[Array], Array]

BUILT_IN = "built-in random-convolution features (untrained; --features gives others)"
SIDE = 64  # images are reduced to this before the convolutions
WIDTHS = (16, 32)


def load_features(spec: str | None) -> tuple[Features, str]:
    """The feature function (N, …) → (N, D), and how the report names it.

    Args:
        spec: None for the built-in ones, `module:function`, or a `.tflite` or OpenVINO `.xml`
            net with one input and one output.

    Raises:
        InputError: nothing there, or no function. What is returned raises it too: for samples
            of another shape, when the function fails, and when it gives no features.
    """
    if spec is None:
        return random_convolutions, BUILT_IN
    check_features(spec)
    path = Path(spec)
    if engine_of(path):
        return net_features(path), path.name
    module, _, name = spec.partition(":")
    try:
        found = getattr(import_own(module), name)
    except Exception as error:  # the user's own code may fail in any way
        raise InputError(f"--features '{spec}': {one_line(error)}") from None
    if not callable(found):
        raise InputError(f"--features '{spec}' is a {type(found).__name__}, expected a function")
    return own_features(found, spec), spec


def check_features(spec: str) -> None:
    """Raise InputError when there is no such file or module; neither is loaded."""
    check_plain(Path(spec), "--features")
    if not engine_of(Path(spec)):
        what = f"--features '{spec}' is no file and no module:function"
        check_module(spec.partition(":")[0], what)
    elif not Path(spec).is_file():
        raise InputError(f"--features '{spec}' does not exist")


def own_features(function: Features, spec: str) -> Features:
    """The user's function, its failures and wrong results as InputError."""

    def features(samples: Array) -> Array:
        try:
            found = np.asarray(function(samples))
        except Exception as error:  # the user's own code may fail in any way
            raise InputError(f"--features '{spec}': {one_line(error)}") from None
        if found.ndim != 2 or len(found) != len(samples) or found.dtype.kind not in "fiub":
            want = f"({len(samples)}, D) numbers"
            raise InputError(f"--features '{spec}' gives {found.dtype} {found.shape}, not {want}")
        if not np.isfinite(found).all():
            raise InputError(f"--features '{spec}' gives NaN or infinite values")
        return found

    return features


def random_convolutions(samples: Array) -> Array:
    """Means and deviations of random filter responses, (N, 2·(16 + 32)).

    Two layers of random 5×5 filters (fixed seed), stride 2, ReLU, as sliced features of texture
    and shape. Distances over untrained features rank candidates of one net well, but are not the
    published FID or KID, and not comparable between nets. Other ranks are taken as flat vectors
    under 96 random projections.
    """
    samples = channels_last(samples.astype(np.float32))
    if samples.ndim != 4 or min(samples.shape[1:3]) < 16:
        flat = samples.reshape(len(samples), -1)
        axes = Random(1).normal((flat.shape[1], 96)) / np.sqrt(flat.shape[1])
        return np.asarray(np.tanh(flat @ axes))
    images = shrunk(samples)
    pooled = []
    for layer, width in enumerate(WIDTHS):
        filters = Random(1, layer).normal((width, 5, 5, images.shape[-1]))
        filters /= np.sqrt(filters[0].size)
        windows = sliding_window_view(images, (5, 5), axis=(1, 2))[:, ::2, ::2]
        images = np.maximum(np.einsum("nhwcij,fijc->nhwf", windows, filters, optimize=True), 0)
        pooled += [images.mean((1, 2)), images.std((1, 2))]
    return np.concatenate(pooled, axis=1)


def shrunk(images: Array) -> Array:
    """Images reduced by whole factors to about SIDE pixels, by averaging."""
    factor = max(1, min(images.shape[1:3]) // SIDE)
    height, width = (size // factor for size in images.shape[1:3])
    cut = images[:, : height * factor, : width * factor]
    split = cut.reshape(len(cut), height, factor, width, factor, images.shape[-1])
    return np.asarray(split.mean((2, 4)))


def net_features(path: Path) -> Features:
    """A net in its engine as a feature function, one row after another."""
    from edgekit.measure.features_net import load_net

    call, shape = load_net(path)

    def features(samples: Array) -> Array:
        if samples.shape[1:] != shape[1:]:
            raise InputError(f"--features net takes {shape}, the samples are {samples.shape}")
        found = []
        try:
            for row in samples:
                progress()
                found.append(call(row[None]).reshape(1, -1))
            return np.concatenate(found)
        except EngineError as error:
            raise InputError(f"--features: {error}") from None

    return features


def standardized(reference: Array, *others: Array) -> list[Array]:
    """Features scaled so that the reference has mean 0, and a total variance of 1."""
    mean, deviation = reference.mean(axis=0), reference.std(axis=0)
    alive = deviation > 1e-6
    scale = np.sqrt(max(int(alive.sum()), 1)) * deviation[alive]
    return [(features[:, alive] - mean[alive]) / scale for features in (reference, *others)]

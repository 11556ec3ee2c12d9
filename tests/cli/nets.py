"""Tiny nets as users have them: sound ones, and one for each thing that can be wrong with one."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def write_nets(folder: Path) -> None:
    """Write every net into a folder (imports TensorFlow)."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    import keras

    for name, make in {**SOUND, **FAULTY}.items():
        keras.utils.set_random_seed(5)
        make().save(folder / f"{name}.keras")
    keras.utils.set_random_seed(5)
    net = latent()
    net.save(folder / "latent.h5")
    net.save_weights(folder / "only.weights.h5")
    net.export(folder / "exported", verbose=False)
    damage(folder)


def damage(folder: Path) -> None:
    """Files that were copied or unpacked badly."""
    for suffix in (".keras", ".h5"):
        content = (folder / f"latent{suffix}").read_bytes()
        (folder / f"cut{suffix}").write_bytes(content[: len(content) // 2])
        (folder / f"words{suffix}").write_text("this is no model\n")
        (folder / f"empty{suffix}").touch()
    with (
        zipfile.ZipFile(folder / "latent.keras") as whole,
        zipfile.ZipFile(folder / "stripped.keras", "w") as stripped,
    ):
        stripped.writestr("config.json", whole.read("config.json"))


def latent(last: str = "tanh", *middle: Any) -> Any:
    """A generator of 8×8 pictures from 8 numbers."""
    from keras import Input, Model, layers

    z = Input((8,), name="z")
    x = layers.Dense(4 * 4 * 8, activation="relu", name="dense")(z)
    x = layers.Reshape((4, 4, 8))(x)
    for layer in middle:
        x = layer(x)
    x = layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation=last, name="up")(x)
    return Model(z, x)


def image_to_image() -> Any:
    """A filter of 16×16 pictures."""
    from keras import Input, Model, layers

    image = Input((16, 16, 1), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    return Model(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x))


def signal() -> Any:
    """A filter of short sounds of any length."""
    from keras import Input, Model, layers

    sound = Input((None, 1), name="sound")
    x = layers.Conv1D(4, 5, padding="same", activation="relu")(sound)
    return Model(sound, layers.Conv1D(1, 5, padding="same", activation="tanh")(x))


def recurrent() -> Any:
    """A decoder of sequences, whose int8 conversion by TensorFlow ends in a crash."""
    from keras import Input, Model, layers

    z = Input((4,), name="z")
    x = layers.LSTM(6, return_sequences=True)(layers.RepeatVector(5)(z))
    return Model(z, layers.Dense(4, activation="tanh")(x))


def own_code() -> Any:
    """A net with code inside the file and a class outside it."""
    from keras import layers

    from tests.cli.gains import Gain

    return latent("tanh", layers.Lambda(lambda x: x * 2, name="twice"), Gain())


def with_lambda() -> Any:
    from keras import layers

    return latent("tanh", layers.Lambda(lambda x: x * 2, name="twice"))


def with_gain() -> Any:
    from tests.cli.gains import Gain

    return latent("tanh", Gain())


def unsupported() -> Any:
    """A layer `squash` with an op that OpenVINO has and LiteRT has not."""
    from keras import Input, Model, layers, ops

    z, inner = Input((8,), name="z"), Input((8, 8, 1))
    x = layers.Reshape((8, 8, 1))(layers.Dense(64, activation="tanh")(z))
    return Model(z, Model(inner, ops.arcsinh(inner), name="squash")(x))


def poisoned(value: float) -> Any:
    """One weight that is no number."""
    net = latent()
    kernel = net.get_layer("dense").kernel
    weights = np.array(kernel)
    weights[3, 5] = value
    kernel.assign(weights)
    return net


def logarithm() -> Any:
    """Sound weights, but the logarithm of negative numbers."""
    import keras

    z = keras.Input((8,), name="z")
    x = keras.ops.log(keras.layers.Dense(64)(z))
    return keras.Model(z, keras.layers.Reshape((8, 8, 1))(x))


def constant() -> Any:
    """The same picture for every latent."""
    net = latent()
    dense = net.get_layer("dense")
    dense.set_weights([0 * w for w in dense.get_weights()])
    return net


def classifier(classes: int, activation: str) -> Any:
    """A picture in, scores out."""
    from keras import Input, Model, layers

    image = Input((8, 8, 1))
    x = layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(image))
    return Model(image, layers.Dense(classes, activation=activation)(x))


def subclassed() -> Any:
    """A class of the user's own that never says what goes in."""
    from tests.cli.gains import Bare

    net = Bare()
    net(np.zeros((1, 8), np.float32))
    return net


SOUND: dict[str, Callable[[], Any]] = {
    "latent": latent,
    "image_to_image": image_to_image,
    "signal": signal,
    "recurrent": recurrent,
    "own_code": own_code,
    "lambda": with_lambda,
    "gain": with_gain,
}
FAULTY: dict[str, Callable[[], Any]] = {
    "nan": lambda: poisoned(np.nan),
    "infinite": lambda: poisoned(np.inf),
    "logarithm": logarithm,
    "constant": constant,
    "classifier": lambda: classifier(10, "softmax"),
    "discriminator": lambda: classifier(1, "sigmoid"),
    "subclassed": subclassed,
    "unsupported": unsupported,
}

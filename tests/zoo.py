"""Small untrained nets in the shapes that people train: one of each kind that edgekit meets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

NETS: dict[str, Callable[[Path], Path]] = {}


def net(build: Callable[[Any, Any], Any]) -> Callable[[Path], Path]:
    """Register a builder; calling it saves the net as `<name>.keras` and gives the path."""
    name = build.__name__.replace("_", "-")

    def save(folder: Path) -> Path:
        import keras

        keras.utils.set_random_seed(5)
        path = folder / f"{name}.keras"
        build(keras, keras.layers).save(path)
        return path

    NETS[name] = save
    return save


@net
def conditional_gan_index(keras: Any, layers: Any) -> Any:
    """A label index (float, as `Input((1,))` makes it) through an embedding, beside the latent."""
    z, label = keras.Input((16,)), keras.Input((1,))
    embedded = layers.Flatten()(layers.Embedding(10, 8)(label))
    x = layers.Dense(4 * 4 * 16)(layers.Concatenate()([z, embedded]))
    x = layers.Reshape((4, 4, 16))(layers.LeakyReLU()(x))
    x = layers.Conv2DTranspose(8, 5, strides=2, padding="same")(x)
    x = layers.LeakyReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2DTranspose(1, 5, strides=2, padding="same", activation="tanh")(x)
    return keras.Model([z, label], x)


@net
def conditional_gan_one_hot(keras: Any, layers: Any) -> Any:
    """A one-hot label beside the latent."""
    z, label = keras.Input((16,), name="noise"), keras.Input((10,), name="class_label")
    x = layers.Dense(7 * 7 * 8, activation="relu")(layers.Concatenate()([z, label]))
    x = layers.UpSampling2D()(layers.Reshape((7, 7, 8))(x))
    x = layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
    return keras.Model([z, label], x)


@net
def dense_gan(keras: Any, layers: Any) -> Any:
    """The first GAN of every tutorial: dense layers to a flat picture."""
    return keras.Sequential(
        [
            keras.Input((32,)),
            layers.Dense(64),
            layers.LeakyReLU(0.2),
            layers.BatchNormalization(momentum=0.8),
            layers.Dense(784, activation="tanh"),
            layers.Reshape((28, 28, 1)),
        ]
    )


@net
def torch_like_dcgan(keras: Any, layers: Any) -> Any:
    """A 1×1 latent image and 'valid' first layer, as PyTorch's DCGAN has them."""
    return keras.Sequential(
        [
            keras.Input((1, 1, 24)),
            layers.Conv2DTranspose(16, 4, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2DTranspose(8, 4, strides=2, padding="same", use_bias=False),
            layers.ReLU(),
            layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh"),
        ]
    )


@net
def wave_gan(keras: Any, layers: Any) -> Any:
    """Sound from a latent, by one-dimensional transposed convolutions."""
    return keras.Sequential(
        [
            keras.Input((16,)),
            layers.Dense(16 * 8),
            layers.Reshape((16, 8)),
            layers.ReLU(),
            layers.Conv1DTranspose(8, 25, strides=4, padding="same", activation="relu"),
            layers.Conv1DTranspose(1, 25, strides=4, padding="same", activation="tanh"),
        ]
    )


@net
def recurrent_decoder(keras: Any, layers: Any) -> Any:
    """A latent to a sequence, as music autoencoders decode."""
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.RepeatVector(12),
            layers.LSTM(16, return_sequences=True),
            layers.Dense(6, activation="softmax"),
        ]
    )


@net
def pix2pix(keras: Any, layers: Any) -> Any:
    """A U-Net with strided convolutions, dropout and skips."""
    image = keras.Input((32, 32, 3))
    down, x = [], image
    for width in (8, 16, 32):
        x = layers.Conv2D(width, 4, strides=2, padding="same", use_bias=False)(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
        down.append(x)
    for width, skip in ((16, down[1]), (8, down[0])):
        x = layers.Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=False)(x)
        x = layers.Dropout(0.5)(layers.BatchNormalization()(x))
        x = layers.Concatenate()([layers.ReLU()(x), skip])
    x = layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh")(x)
    return keras.Model(image, x)


@net
def cycle_gan(keras: Any, layers: Any) -> Any:
    """Residual blocks with instance normalization, free height and width."""
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(8, 7, padding="same")(image)
    x = layers.ReLU()(layers.GroupNormalization(groups=-1)(x))
    x = layers.Conv2D(16, 3, strides=2, padding="same")(x)
    y = layers.ReLU()(layers.GroupNormalization(groups=-1)(layers.Conv2D(16, 3, padding="same")(x)))
    x = layers.Add()([x, layers.GroupNormalization(groups=-1)(y)])
    x = layers.Conv2DTranspose(8, 3, strides=2, padding="same")(x)
    x = layers.Conv2D(3, 7, padding="same", activation="tanh")(layers.ReLU()(x))
    return keras.Model(image, x)


@net
def attention_denoiser(keras: Any, layers: Any) -> Any:
    """Layer normalization, self-attention and GELU on picture tokens; squeeze and excitation."""
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(16, 3, padding="same", activation="swish")(image)
    tokens = layers.LayerNormalization()(layers.Reshape((256, 16))(x))
    tokens = layers.MultiHeadAttention(2, 8)(tokens, tokens)
    tokens = layers.Dense(16, activation="gelu")(tokens)
    x = layers.Add()([x, layers.Reshape((16, 16, 16))(tokens)])
    gate = layers.Dense(16, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 16))(gate)])
    return keras.Model(image, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x))


@net
def photo_enhancer_255(keras: Any, layers: Any) -> Any:
    """Takes and gives 0…255, scaled inside."""
    image = keras.Input((None, None, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(8, 3, padding="same")(x))
    x = layers.Conv2D(3, 3, padding="same", activation="tanh")(x)
    return keras.Model(image, layers.Rescaling(127.5, offset=127.5)(x))


@net
def dense_autoencoder(keras: Any, layers: Any) -> Any:
    """One net with a bottleneck: reconstructs, cannot sample."""
    image = keras.Input((28, 28, 1))
    x = layers.Dense(8, activation="relu")(layers.Flatten()(image))
    x = layers.Dense(784, activation="sigmoid")(x)
    return keras.Model(image, layers.Reshape((28, 28, 1))(x))


@net
def separable_upscaler(keras: Any, layers: Any) -> Any:
    """Depthwise convolutions, dilation, bilinear resizing and average pooling."""
    image = keras.Input((24, 24, 1))
    x = layers.SeparableConv2D(8, 3, padding="same", activation="relu6")(image)
    x = layers.Conv2D(8, 3, dilation_rate=2, padding="same", activation="elu")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="hard_sigmoid")(x)
    x = layers.AveragePooling2D(2)(layers.UpSampling2D(2)(x))
    return keras.Model(image, layers.Conv2D(1, 1)(x))


def exported(folder: Path) -> Path:
    """A SavedModel folder with a free batch size, as `model.export` writes it."""
    import keras

    net = keras.saving.load_model(NETS["torch-like-dcgan"](folder))
    net.export(folder / "exported", verbose=False)
    return folder / "exported"


def legacy_h5(folder: Path) -> Path:
    """A file in the older HDF5 format."""
    import keras

    net = keras.saving.load_model(NETS["dense-gan"](folder))
    net.save(folder / "legacy.h5")
    return folder / "legacy.h5"


SOURCES = NETS | {"exported": exported, "legacy-h5": legacy_h5}
FAMILIES = {
    "conditional-gan-index": "latent",
    "conditional-gan-one-hot": "latent",
    "dense-gan": "latent",
    "torch-like-dcgan": "latent",
    "wave-gan": "latent",
    "recurrent-decoder": "latent",
    "exported": "latent",
    "legacy-h5": "latent",
    "dense-autoencoder": "autoencoder",
    "pix2pix": "image-to-image",
    "cycle-gan": "image-to-image",
    "attention-denoiser": "image-to-image",
    "photo-enhancer-255": "image-to-image",
    "separable-upscaler": "image-to-image",
}

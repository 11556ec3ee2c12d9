"""The nets: small, seeded, with random weights, in the shapes that people train."""

from __future__ import annotations

from typing import Any

from tests.door.kinds import exported, net

# Precision


@net(family="image-to-image", remark="float32", policy="mixed_bfloat16")
def bfloat16_denoiser(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """Trained under mixed_bfloat16, whose last layer is float32, as the guides say."""
    i = x = keras.Input((24, 24, 3))
    for _ in range(2):
        x = L.ReLU()(L.BatchNormalization()(L.Conv2D(12, 3, padding="same")(x)))
    return keras.Model(i, L.Conv2D(3, 3, padding="same", activation="sigmoid", dtype="float32")(x))


@net(family="latent", remark="float32", policy="float64")
def float64_decoder(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """In double precision throughout."""
    z = keras.Input((6,))
    x = L.Reshape((7, 7, 4))(L.Dense(7 * 7 * 4, activation="elu")(z))
    return keras.Model(z, L.Conv2DTranspose(1, 4, strides=4, padding="same")(x))


@net(refusal="float16", policy="float16", write=exported)
def half_export(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """A SavedModel that computes in half precision."""
    i = keras.Input((16, 16, 3))
    return keras.Model(i, L.Conv2D(3, 3, padding="same", activation="tanh")(i))


# Integers


@net(family="image-to-image")
def pixels_in_pixels_out(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """uint8 on both sides, scaled inside."""
    i = keras.Input((32, 32, 3), dtype="uint8")
    x = L.Conv2D(8, 3, padding="same", activation="relu")(ops.cast(i, "float32") / 127.5 - 1.0)
    x = L.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(i, ops.cast(ops.round(x * 255.0), "uint8"))


# Several inputs, several outputs


@net(family="image-to-image", remark="level")
def noise_level(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """The level of the noise comes first, then the picture."""
    level, noisy = keras.Input((1,), name="level"), keras.Input((32, 32, 1), name="noisy")
    plane = ops.ones_like(noisy) * ops.reshape(level, (-1, 1, 1, 1))
    x = L.Conv2D(12, 3, padding="same", activation="relu")(L.Concatenate()([noisy, plane]))
    return keras.Model([level, noisy], noisy - L.Conv2D(1, 3, padding="same")(x))


@net(family="image-to-image", remark="'time' from integers:0..999")
def diffusion_step(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """A denoiser of (sample, time), time as a whole number through a table."""
    x0, time = keras.Input((16, 16, 3), name="x"), keras.Input((), dtype="int32", name="time")
    embedded = L.Dense(8, activation="swish")(L.Embedding(1000, 8)(time))
    x = L.Conv2D(8, 3, padding="same")(x0) + ops.reshape(embedded, (-1, 1, 1, 8))
    return keras.Model([x0, time], L.Conv2D(3, 3, padding="same")(L.Activation("swish")(x)))


@net(family="image-to-image")
def mask_before_photo(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """Inpainting, where the mask is the first input."""
    mask, photo = keras.Input((32, 32, 1), name="mask"), keras.Input((32, 32, 3), name="photo")
    x = L.Concatenate()([photo * (1.0 - mask), mask])
    x = L.Conv2D(12, 5, padding="same", activation="relu")(x)
    filled = L.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
    return keras.Model([mask, photo], photo * (1.0 - mask) + filled * mask)


@net(family="latent")
def latent_matrices(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """A latent for the whole and one for each of four tracks, as MuseGAN has."""
    whole, tracks = keras.Input((8,), name="style"), keras.Input((4, 8), name="groove")
    rows = L.Concatenate()([L.RepeatVector(4)(whole), tracks])
    x = L.Reshape((4, 4, 8))(L.Dense(32, activation="relu")(rows))
    return keras.Model([whole, tracks], L.Conv2DTranspose(2, 4, strides=4, activation="tanh")(x))


@net(family="latent")
def noise_planes(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """A style vector and a noise picture for each layer, as StyleGAN has."""
    z = keras.Input((16,), name="w")
    n8, n16 = keras.Input((8, 8, 1), name="noise8"), keras.Input((16, 16, 1), name="noise16")
    x = L.Reshape((8, 8, 8))(L.Dense(8 * 8 * 8)(z))
    x = L.LeakyReLU()(L.Conv2D(8, 3, padding="same")(x) + 0.1 * n8)
    x = L.LeakyReLU()(L.Conv2D(8, 3, padding="same")(L.UpSampling2D()(x)) + 0.1 * n16)
    return keras.Model([z, n8, n16], L.Conv2D(3, 1, activation="tanh")(x))


@net(family="image-to-image", remark="left out")
def three_depths(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """Deep supervision as a dict, the full size last by name."""
    i = keras.Input((32, 32, 3))
    a = L.Conv2D(8, 3, padding="same", activation="relu")(i)
    b = L.Conv2D(8, 3, strides=2, padding="same", activation="relu")(a)
    c = L.Conv2D(8, 3, strides=2, padding="same", activation="relu")(b)
    outputs = {"a8": L.Conv2D(3, 1)(c), "b16": L.Conv2D(3, 1)(b)}
    outputs["full"] = L.Conv2D(3, 1, activation="sigmoid")(a)
    return keras.Model(i, outputs)


# What is refused, in words that fit


@net(refusal="import it inside the function", trust=True)
def lambda_with_np(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """A Lambda that uses a module of the notebook it was written in."""
    import numpy as np

    i = keras.Input((16, 16, 3))
    scaled = L.Lambda(lambda t: t / np.float32(2.0), output_shape=(16, 16, 3))(i)
    return keras.Model(i, L.Conv2D(3, 3, padding="same")(scaled))


@net(refusal="encoder")
def mean_and_spread(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """An encoder alone, mean and log-variance in one vector."""
    i = keras.Input((28, 28, 1))
    return keras.Model(i, L.Dense(16)(L.Flatten()(L.Conv2D(8, 3, strides=2)(i))))


@net(refusal="classif")
def classifier(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """Pictures to ten probabilities."""
    i = keras.Input((28, 28, 1))
    x = L.GlobalAveragePooling2D()(L.Conv2D(8, 3, activation="relu")(i))
    return keras.Model(i, L.Dense(10, activation="softmax")(x))


@net(refusal="text|token|sequence")
def next_letter(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """A text net: letters so far to the next."""
    i = keras.Input((32,), dtype="int32")
    x = L.GRU(16, return_sequences=True)(L.Embedding(60, 8)(i))
    return keras.Model(i, L.Dense(60, activation="softmax")(x))


# What runs in the net


@net(family="autoencoder", remark="noise", write=exported)
def sampling_export(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """A whole VAE, drawing inside, as a SavedModel."""

    class Draw(L.Layer):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.seeds = keras.random.SeedGenerator(5)

        def call(self, pair: Any) -> Any:
            mean, spread = pair
            return mean + ops.exp(spread / 2) * keras.random.normal(
                ops.shape(mean), seed=self.seeds
            )

    i = keras.Input((16, 16, 1))
    x = L.Dense(24, activation="relu")(L.Flatten()(i))
    z = Draw()((L.Dense(3)(x), L.Dense(3)(x)))
    x = L.Dense(256, activation="sigmoid")(L.Dense(24, activation="relu")(z))
    return keras.Model(i, L.Reshape((16, 16, 1))(x))


@net(refusal="random|dropout", write=exported)
def dropout_at_work(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """pix2pix draws its noise by dropout that is on at inference too."""
    i = keras.Input((16, 16, 3))
    x = L.Conv2D(8, 3, padding="same", activation="relu")(i)
    return keras.Model(i, L.Conv2D(3, 3, padding="same")(L.Dropout(0.5)(x, training=True)))


@net(family="image-to-image", write=exported)
def dropout_asleep(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """Dropout and normalization as they are at inference: nothing is wrong."""
    i = keras.Input((16, 16, 3))
    x = L.BatchNormalization()(L.Conv2D(8, 3, padding="same", activation="relu")(i))
    return keras.Model(i, L.Conv2D(3, 3, padding="same")(L.Dropout(0.3)(x)))


@net(refusal="training mode", write=exported)
def a_flip_wakes_what_follows(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """RandomFlip trains by default, and Keras exports all layers behind it in training too."""
    i = keras.Input((16, 16, 3))
    x = L.Conv2D(8, 3, padding="same")(L.RandomFlip("horizontal", seed=1)(i))
    return keras.Model(i, L.Conv2D(3, 3, padding="same")(L.BatchNormalization()(x)))


# Shapes and sizes


@net(family="latent")
def batch_of_three(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """A batch of three, written into the net."""
    z = keras.Input((12,), batch_size=3)
    x = ops.reshape(L.Dense(8 * 8 * 4, activation="relu")(z), (3, 8, 8, 4))
    return keras.Model(z, L.Conv2D(1, 3, padding="same", activation="sigmoid")(x))


@net(family="image-to-image")
def filters_from_a_net(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """Depthwise filters that the picture itself decides on."""
    i = keras.Input((16, 16, 4), batch_size=1)
    x = L.Conv2D(4, 3, padding="same", activation="relu")(i)
    kernel = ops.reshape(L.Dense(36)(L.GlobalAveragePooling2D()(x)), (3, 3, 4, 1))
    x = ops.depthwise_conv(x, kernel, padding="same")
    return keras.Model(i, L.Conv2D(4, 3, padding="same")(x))


@net(family="image-to-image", sizes=[(24, 24)], input_range=(0.0, 255.0))
def grows_beyond_bounds(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """Any size, pixels of 0…255."""
    i = keras.Input((None, None, 3))
    x = L.Conv2D(8, 3, padding="same", activation="relu")(i / 255.0)
    return keras.Model(i, ops.clip(L.Conv2D(3, 3, padding="same")(x) * 255.0 + i, 0.0, 255.0))


@net(family="image-to-image")
def channels_come_first(keras: Any, L: Any, ops: Any) -> Any:  # noqa: N803
    """Pictures as (3, H, W), turned inside."""
    i = keras.Input((3, 24, 24))
    x = L.Conv2D(8, 3, padding="same", activation="relu")(L.Permute((2, 3, 1))(i))
    return keras.Model(i, L.Permute((3, 1, 2))(L.Conv2D(3, 3, padding="same")(x)))
